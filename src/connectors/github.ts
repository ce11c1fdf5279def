import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const repo = 'repos/{{ owner }}/{{ repository }}'
const inRepo = { owner: { type: 'string' }, repository: { type: 'string' } }
const texts = { type: 'array', items: { type: 'string' } }
const hookConfig = { url: '{{ webhook_url }}', content_type: 'json', secret: '{{ signing_secret }}', insecure_ssl: '0' }

export const github: ConnectorInput = {
  name: 'github',
  title: 'GitHub',
  description: 'Repositories, issues and pull requests',
  external_docs: 'https://docs.github.com/en/rest',
  docs: [
    'https://docs.github.com/en/rest/repos/webhooks',
    'https://docs.github.com/en/webhooks/webhook-events-and-payloads',
    'https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries',
  ],
  tags: ['development'],
  base_domain: 'https://api.github.com/',
  headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    api_key: {
      labels: { auth_token: 'Personal access token' },
      help: 'Fine-grained: repository permission Webhooks (read and write), and whatever the actions need.',
    },
    oauth2: {
      authorize_url: 'https://github.com/login/oauth/authorize',
      token_url: 'https://github.com/login/oauth/access_token',
      scopes: ['repo', 'admin:repo_hook'],
      refreshes: false,
    },
  },
  test_request: { endpoint: 'user' },
  pagination_config: { type: 'link_header', size_param: 'per_page', size: 100 },
  search_config: { action: 'search_issues', field: 'query', label: '{{ item.title }}', value: '{{ item.number }}' },
  rate_limit: { requests: 5000, per_seconds: 3600 },
  actions: [
    {
      name: 'list_repositories',
      title: 'List my repositories',
      docs: 'https://docs.github.com/en/rest/repos/repos#list-repositories-for-the-authenticated-user',
      tag: 'Repositories',
      endpoint: 'user/repos',
      paginated: true,
    },
    {
      name: 'list_issues',
      title: 'List issues',
      docs: 'https://docs.github.com/en/rest/issues/issues#list-repository-issues',
      tag: 'Issues',
      endpoint: `${repo}/issues`,
      query: { state: '{{ state }}', labels: '{{ labels }}', since: '{{ since }}' },
      form: {
        properties: {
          ...inRepo,
          state: { enum: ['open', 'closed', 'all'] },
          labels: { type: 'string', description: 'Separated by commas' },
          since: { description: 'Changed since, as 2026-03-01T12:00:00Z' },
        },
        required: ['owner', 'repository'],
      },
      paginated: true,
    },
    {
      name: 'create_issue',
      title: 'Create an issue',
      docs: 'https://docs.github.com/en/rest/issues/issues#create-an-issue',
      tag: 'Issues',
      method: 'POST',
      endpoint: `${repo}/issues`,
      body: { title: '{{ title }}', body: '{{ body }}', labels: '{{ labels }}', assignees: '{{ assignees }}' },
      form: {
        properties: {
          ...inRepo,
          title: {},
          body: { ui: { multiline: true } },
          labels: texts,
          assignees: { ...texts, description: 'Logins' },
        },
        required: ['owner', 'repository', 'title'],
      },
    },
    {
      name: 'update_issue',
      title: 'Update an issue',
      docs: 'https://docs.github.com/en/rest/issues/issues#update-an-issue',
      tag: 'Issues',
      method: 'PATCH',
      endpoint: `${repo}/issues/{{ number }}`,
      body: { title: '{{ title }}', body: '{{ body }}', state: '{{ state }}', labels: '{{ labels }}' },
      form: {
        properties: { ...inRepo, number: {}, title: {}, body: {}, state: { enum: ['open', 'closed'] }, labels: texts },
        required: ['owner', 'repository', 'number'],
      },
    },
    {
      name: 'create_comment',
      title: 'Comment on an issue or pull request',
      docs: 'https://docs.github.com/en/rest/issues/comments#create-an-issue-comment',
      tag: 'Issues',
      method: 'POST',
      endpoint: `${repo}/issues/{{ number }}/comments`,
      body: { body: '{{ body }}' },
      form: { properties: { ...inRepo, number: {}, body: {} }, required: ['owner', 'repository', 'number', 'body'] },
    },
    {
      name: 'search_issues',
      title: 'Search issues and pull requests',
      docs: 'https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests',
      tag: 'Issues',
      endpoint: 'search/issues',
      query: { q: '{{ query }}' },
      form: {
        properties: { query: { type: 'string', examples: ['repo:octocat/hello is:issue is:open'] } },
        required: ['query'],
      },
      output: '{{ response.body["items"] }}',
      paginated: true,
    },
    {
      name: 'create_pull_request',
      title: 'Create a pull request',
      docs: 'https://docs.github.com/en/rest/pulls/pulls#create-a-pull-request',
      tag: 'Pull requests',
      method: 'POST',
      endpoint: `${repo}/pulls`,
      body: { title: '{{ title }}', head: '{{ head }}', base: '{{ base }}', body: '{{ body }}' },
      form: {
        properties: { ...inRepo, title: {}, head: {}, base: {}, body: {} },
        required: ['owner', 'repository', 'title', 'head', 'base'],
      },
    },
    {
      name: 'run_workflow',
      title: 'Run a workflow',
      docs: 'https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event',
      tag: 'Actions',
      method: 'POST',
      endpoint: `${repo}/actions/workflows/{{ workflow }}/dispatches`,
      body: { ref: '{{ ref }}', inputs: '{{ inputs }}' },
      form: {
        properties: { ...inRepo, workflow: { description: 'File name or id' }, ref: {}, inputs: { type: 'object' } },
        required: ['owner', 'repository', 'workflow', 'ref'],
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://docs.github.com/en/rest/repos/webhooks',
    events: [
      { name: 'push', title: 'Push', sample: 'push' },
      { name: 'pull_request', title: 'Pull request', sample: 'pull_request' },
      { name: 'issues', title: 'Issue', sample: 'issues' },
      { name: 'issue_comment', title: 'Comment on an issue', sample: 'issue_comment' },
      { name: 'release', title: 'Release', sample: 'release' },
      ...['pull_request_review', 'create', 'delete', 'workflow_run', 'check_run', 'deployment_status', 'star', 'fork'],
    ],
    // GitHub also sends `ping` once a webhook exists.
    events_filtered_by: 'hookline',
    event_name: '{{ request.headers["x-github-event"] }}',
    form: { properties: inRepo, required: ['owner', 'repository'] },
    create: {
      method: 'POST',
      endpoint: `${repo}/hooks`,
      body: { name: 'web', active: true, events: '{{ events }}', config: hookConfig },
      conflict: [422],
    },
    list: {
      endpoint: `${repo}/hooks`,
      url: '{{ item.config.url }}',
      events: '{{ item.events }}',
      active: '{{ item.active }}',
    },
    update: {
      method: 'PATCH',
      endpoint: `${repo}/hooks/{{ registration.id }}`,
      body: { active: true, events: '{{ events }}', config: hookConfig },
    },
    rotate_secret: { method: 'PATCH', endpoint: `${repo}/hooks/{{ registration.id }}/config`, body: hookConfig },
    resume: { method: 'PATCH', endpoint: `${repo}/hooks/{{ registration.id }}`, body: { active: true } },
    delete: { endpoint: `${repo}/hooks/{{ registration.id }}` },
    ping: { method: 'POST', endpoint: `${repo}/hooks/{{ registration.id }}/pings` },
    backfill: {
      endpoint: `${repo}/hooks/{{ registration.id }}/deliveries`,
      id: '{{ item.guid }}',
      time: '{{ item.delivered_at }}',
      missed: '{{ item.status_code < 200 or item.status_code > 299 }}',
      each: {
        method: 'POST',
        endpoint: `${repo}/hooks/{{ registration.id }}/deliveries/{{ item.id }}/attempts`,
      },
    },
    max_webhooks: 20,
    signature: signatures.github,
    delivery_id: { header: 'x-github-delivery' },
  },
}
