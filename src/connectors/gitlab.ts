import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const project = { description: 'Id, or path as group/project' }
const number = { description: 'The one in its address, as 12 for #12' }
const labels = { type: 'string', description: 'Names, separated by commas' }

/** https://docs.gitlab.com/user/project/integrations/webhook_events/ */
const events = [
  { name: 'push_events', title: 'Push', sample: 'push' },
  { name: 'issues_events', title: 'Issue', sample: 'issue' },
  { name: 'merge_requests_events', title: 'Merge request', sample: 'merge_request' },
  { name: 'note_events', title: 'Comment', sample: 'note' },
  { name: 'pipeline_events', title: 'Pipeline' },
  { name: 'job_events', title: 'Job', sample: 'job' },
  { name: 'tag_push_events', title: 'Tag pushed' },
  { name: 'releases_events', title: 'Release', sample: 'release' },
  { name: 'deployment_events', title: 'Deployment', sample: 'deployment' },
  { name: 'milestone_events', title: 'Milestone', sample: 'milestone' },
  { name: 'wiki_page_events', title: 'Wiki page' },
  { name: 'emoji_events', title: 'Reaction', sample: 'emoji' },
  { name: 'feature_flag_events', title: 'Feature flag', sample: 'feature_flag' },
  { name: 'resource_access_token_events', title: 'Access token is about to expire', sample: 'access_token' },
  { name: 'confidential_issues_events', title: 'Confidential issue' },
  { name: 'confidential_note_events', title: 'Confidential comment' },
]

export const gitlab: ConnectorInput = {
  name: 'gitlab',
  title: 'GitLab',
  description: 'Projects, issues and merge requests, on gitlab.com or a server of your own',
  external_docs: 'https://docs.gitlab.com/api/rest/',
  docs: [
    'https://docs.gitlab.com/api/project_webhooks/',
    'https://docs.gitlab.com/user/project/integrations/webhook_events/',
    'https://docs.gitlab.com/user/project/integrations/webhooks/',
  ],
  tags: ['development'],
  base_domain: '{{ connectorAuth.api_endpoint | default("https://gitlab.com", true) }}/api/v4/',
  auth_config: {
    api_key: {
      header: 'private-token',
      format: '{{ token }}',
      labels: { auth_token: 'Personal, project or group access token', api_endpoint: 'Address of your GitLab' },
      help: 'Scope api; for webhooks at least the role Maintainer.',
    },
    oauth2: {
      authorize_url: 'https://gitlab.com/oauth/authorize',
      token_url: 'https://gitlab.com/oauth/token',
      scopes: ['api'],
      format: 'Bearer {{ token }}',
    },
  },
  test_request: { endpoint: 'user' },
  pagination_config: { type: 'link_header', size_param: 'per_page', size: 100 },
  actions: [
    {
      name: 'list_projects',
      title: 'List my projects',
      docs: 'https://docs.gitlab.com/api/projects/#list-all-projects',
      endpoint: 'projects',
      query: { membership: true, search: '{{ search }}' },
      form: { properties: { search: { type: 'string' } } },
      paginated: true,
    },
    {
      name: 'list_issues',
      title: 'List issues of a project',
      docs: 'https://docs.gitlab.com/api/issues/#list-project-issues',
      endpoint: 'projects/{{ project | string | url_encode }}/issues',
      query: { state: '{{ state }}' },
      form: { properties: { project, state: { enum: ['opened', 'closed', 'all'] } }, required: ['project'] },
      paginated: true,
    },
    {
      name: 'create_issue',
      title: 'Create an issue',
      docs: 'https://docs.gitlab.com/api/issues/',
      method: 'POST',
      endpoint: 'projects/{{ project | string | url_encode }}/issues',
      body: { title: '{{ title }}', description: '{{ description }}', labels: '{{ labels }}' },
      form: { properties: { project, title: {}, description: {}, labels }, required: ['project', 'title'] },
    },
    {
      name: 'update_issue',
      title: 'Update an issue',
      docs: 'https://docs.gitlab.com/api/issues/#update-an-issue',
      method: 'PUT',
      endpoint: 'projects/{{ project | string | url_encode }}/issues/{{ number }}',
      body: {
        title: '{{ title }}',
        description: '{{ description }}',
        labels: '{{ labels }}',
        state_event: '{{ state_event }}',
      },
      form: {
        properties: {
          project,
          number,
          title: {},
          description: {},
          labels,
          state_event: { enum: ['close', 'reopen'] },
        },
        required: ['project', 'number'],
      },
    },
    {
      name: 'create_comment',
      title: 'Comment on an issue',
      docs: 'https://docs.gitlab.com/api/notes/#create-an-issue-note',
      method: 'POST',
      endpoint: 'projects/{{ project | string | url_encode }}/issues/{{ number }}/notes',
      body: { body: '{{ body }}' },
      form: { properties: { project, number, body: {} }, required: ['project', 'number', 'body'] },
    },
    {
      name: 'run_pipeline',
      title: 'Run a pipeline',
      docs: 'https://docs.gitlab.com/api/pipelines/',
      method: 'POST',
      endpoint: 'projects/{{ project | string | url_encode }}/pipeline',
      body: { ref: '{{ ref }}', variables: '{{ variables }}' },
      form: {
        properties: {
          project,
          ref: { description: 'Branch or tag' },
          variables: { type: 'array', description: 'As [{"key": "STAGE", "value": "test"}]' },
        },
        required: ['project', 'ref'],
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://docs.gitlab.com/api/project_webhooks/',
    events,
    event_name:
      '{{ {"push": "push_events", "tag_push": "tag_push_events", "issue": "issues_events", "merge_request": "merge_requests_events", "note": "note_events", "build": "job_events", "pipeline": "pipeline_events", "wiki_page": "wiki_page_events", "deployment": "deployment_events", "release": "releases_events", "feature_flag": "feature_flag_events", "milestone": "milestone_events", "emoji": "emoji_events", "access_token": "resource_access_token_events"}[body.object_kind] }}',
    form: { properties: { project }, required: ['project'] },
    create: {
      method: 'POST',
      endpoint: 'projects/{{ project | string | url_encode }}/hooks',
      body: {
        url: '{{ webhook_url }}',
        token: '{{ signing_secret }}',
        enable_ssl_verification: true,
        ...Object.fromEntries(events.map(({ name }) => [name, `{{ "${name}" in events }}`])),
      },
    },
    list: {
      endpoint: 'projects/{{ project | string | url_encode }}/hooks',
      url: '{{ item.url }}',
      active: '{{ item.alert_status == "executable" }}',
    },
    delete: { endpoint: 'projects/{{ project | string | url_encode }}/hooks/{{ registration.id }}' },
    rotate_secret: {
      method: 'PUT',
      endpoint: 'projects/{{ project | string | url_encode }}/hooks/{{ registration.id }}',
      body: { url: '{{ webhook_url }}', token: '{{ signing_secret }}' },
    },
    backfill: {
      endpoint: 'projects/{{ project | string | url_encode }}/hooks/{{ registration.id }}/events',
      id: '{{ item.request_headers["Idempotency-Key"] }}',
      missed: '{{ item.response_status | string | int(0) < 200 or item.response_status | string | int(0) > 299 }}',
      each: {
        method: 'POST',
        endpoint:
          'projects/{{ project | string | url_encode }}/hooks/{{ registration.id }}/events/{{ item.id }}/resend',
      },
    },
    signature: signatures.gitlab,
    delivery_id: { header: 'idempotency-key', per_webhook: true },
  },
}
