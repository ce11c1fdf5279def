import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const repository = 'repositories/{{ workspace }}/{{ repository }}'

export const bitbucket: ConnectorInput = {
  name: 'bitbucket',
  title: 'Bitbucket Cloud',
  description: 'Repositories, pull requests and pipelines',
  external_docs: 'https://developer.atlassian.com/cloud/bitbucket/rest/',
  docs: [
    'https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/#api-repositories-workspace-repo-slug-hooks-post',
    'https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/',
    'https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/',
  ],
  tags: ['development'],
  base_domain: 'https://api.bitbucket.org/2.0/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    basic_auth: {
      labels: { username: 'Atlassian account email', password: 'API token' },
      help: 'Scopes: read the user; read and write repositories, pull requests, pipelines and webhooks; delete webhooks.',
    },
    api_key: { labels: { auth_token: 'Repository or workspace access token' } },
    oauth2: {
      authorize_url: 'https://bitbucket.org/site/oauth2/authorize',
      token_url: 'https://bitbucket.org/site/oauth2/access_token',
      client_authentication: 'basic',
      // Bitbucket takes them from the consumer, whatever is asked for.
      help: 'Permissions of the consumer: read the account and repositories, write pull requests and pipelines, read and write webhooks.',
      scopes: ['account', 'webhook', 'repository', 'pullrequest:write', 'pipeline:write', 'issue'],
    },
  },
  test_request: { endpoint: 'user' },
  pagination_config: {
    type: 'next_url',
    next_url: '{{ response.body.next }}',
    size_param: 'pagelen',
    size: 100,
  },
  actions: [
    {
      name: 'list_repositories',
      title: 'List repositories of a workspace',
      docs: 'https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/',
      endpoint: 'repositories/{{ workspace }}',
      form: { properties: { workspace: {} }, required: ['workspace'] },
      output: '{{ response.body["values"] }}',
      paginated: true,
    },
    {
      name: 'list_pull_requests',
      title: 'List pull requests',
      docs: 'https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/',
      endpoint: `${repository}/pullrequests`,
      query: { state: '{{ state }}' },
      form: {
        properties: { workspace: {}, repository: {}, state: { enum: ['OPEN', 'MERGED', 'DECLINED', 'SUPERSEDED'] } },
        required: ['workspace', 'repository'],
      },
      output: '{{ response.body["values"] }}',
      paginated: true,
    },
    {
      name: 'create_pull_request',
      title: 'Create a pull request',
      docs: 'https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/',
      method: 'POST',
      endpoint: `${repository}/pullrequests`,
      body: {
        title: '{{ title }}',
        description: '{{ description }}',
        source: { branch: { name: '{{ source_branch }}' } },
        destination: '{{ {"branch": {"name": destination_branch}} if destination_branch else none }}',
      },
      form: {
        properties: {
          workspace: {},
          repository: {},
          title: {},
          description: {},
          source_branch: {},
          destination_branch: { description: 'By default the main branch' },
        },
        required: ['workspace', 'repository', 'title', 'source_branch'],
      },
    },
    {
      name: 'create_comment',
      title: 'Comment on a pull request',
      docs: 'https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/',
      method: 'POST',
      endpoint: `${repository}/pullrequests/{{ number }}/comments`,
      body: { content: { raw: '{{ text }}' } },
      form: {
        properties: { workspace: {}, repository: {}, number: {}, text: {} },
        required: ['workspace', 'repository', 'number', 'text'],
      },
    },
    {
      name: 'merge_pull_request',
      title: 'Merge a pull request',
      docs: 'https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/',
      method: 'POST',
      endpoint: `${repository}/pullrequests/{{ number }}/merge`,
      form: {
        properties: { workspace: {}, repository: {}, number: {} },
        required: ['workspace', 'repository', 'number'],
      },
    },
    {
      name: 'run_pipeline',
      title: 'Run the pipeline of a branch',
      docs: 'https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pipelines/',
      method: 'POST',
      endpoint: `${repository}/pipelines`,
      body: { target: { type: 'pipeline_ref_target', ref_type: 'branch', ref_name: '{{ branch }}' } },
      form: {
        properties: { workspace: {}, repository: {}, branch: {} },
        required: ['workspace', 'repository', 'branch'],
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/',
    events: [
      { name: 'repo:push', title: 'Push', sample: 'push' },
      { name: 'pullrequest:created', title: 'Pull request created', sample: 'pullrequest_created' },
      'repo:fork',
      'repo:commit_comment_created',
      'repo:commit_status_created',
      'repo:commit_status_updated',
      'pullrequest:updated',
      'pullrequest:approved',
      'pullrequest:fulfilled',
      'pullrequest:rejected',
      'pullrequest:comment_created',
      'issue:created',
      'issue:updated',
      'issue:comment_created',
    ],
    event_name: '{{ request.headers["x-event-key"] }}',
    form: {
      properties: { workspace: { type: 'string' }, repository: { type: 'string' } },
      required: ['workspace', 'repository'],
    },
    create: {
      method: 'POST',
      endpoint: `${repository}/hooks`,
      body: {
        description: 'Hookline {{ registration_key }}',
        url: '{{ webhook_url }}',
        active: true,
        secret: '{{ signing_secret }}',
        events: '{{ events }}',
      },
      id: '{{ response.body.uuid }}',
    },
    list: {
      endpoint: `${repository}/hooks`,
      items: '{{ response.body["values"] }}',
      id: '{{ item.uuid }}',
      url: '{{ item.url }}',
      events: '{{ item.events }}',
      active: '{{ item.active }}',
    },
    update: {
      method: 'PUT',
      endpoint: `${repository}/hooks/{{ registration.id | url_encode }}`,
      body: {
        description: 'Hookline {{ registration_key }}',
        url: '{{ webhook_url }}',
        active: true,
        secret: '{{ signing_secret }}',
        events: '{{ events }}',
      },
    },
    delete: { endpoint: `${repository}/hooks/{{ registration.id | url_encode }}` },
    signature: signatures.bitbucket,
    delivery_id: { header: 'x-request-uuid', per_webhook: true },
  },
  // Whether an access token, which is no user, may ask who it is.
  unverified: ['auth_config.api_key'],
}
