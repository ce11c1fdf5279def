import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const hooks = 'rest/webhooks/1.0/webhook'

export const jira: ConnectorInput = {
  name: 'jira',
  title: 'Jira Cloud',
  description: 'Issues, projects and boards',
  external_docs: 'https://developer.atlassian.com/cloud/jira/platform/rest/v3/',
  docs: [
    'https://developer.atlassian.com/cloud/jira/platform/webhooks/',
    'https://developer.atlassian.com/cloud/jira/software/webhooks/',
  ],
  tags: ['development', 'projects'],
  base_domain: 'https://{{ connectorAuth.user_input.site }}.atlassian.net/',
  auth_config: {
    basic_auth: {
      labels: { username: 'Email', password: 'API token' },
      help: 'Triggers need the token of a Jira administrator.',
      form: {
        properties: { site: { type: 'string', description: 'The part before .atlassian.net' } },
        required: ['site'],
      },
    },
  },
  test_request: { endpoint: 'rest/api/3/myself' },
  pagination_config: {
    type: 'cursor',
    cursor_param: 'nextPageToken',
    cursor: '{{ response.body.nextPageToken }}',
    size_param: 'maxResults',
    size: 100,
  },
  search_config: { action: 'search_issues', field: 'jql', label: '{{ item.key }}' },
  actions: [
    {
      name: 'search_issues',
      title: 'Search issues',
      endpoint: 'rest/api/3/search/jql',
      query: { jql: '{{ jql }}', fields: '{{ fields or "*navigable" }}' },
      form: { properties: { jql: { ui: { placeholder: 'project = ABC' } }, fields: {} }, required: ['jql'] },
      output: '{{ response.body.issues }}',
      paginated: true,
    },
    {
      name: 'get_issue',
      title: 'Get an issue',
      endpoint: 'rest/api/3/issue/{{ issue }}',
      form: { properties: { issue: { description: 'Key or id' } }, required: ['issue'] },
    },
    {
      name: 'create_issue',
      title: 'Create an issue',
      method: 'POST',
      endpoint: 'rest/api/2/issue',
      body: {
        fields: {
          project: { key: '{{ project }}' },
          issuetype: { name: '{{ issue_type }}' },
          summary: '{{ summary }}',
          description: '{{ description }}',
          labels: '{{ labels }}',
        },
      },
      form: {
        properties: {
          project: { description: 'Key' },
          issue_type: { default: 'Task' },
          summary: {},
          description: {},
          labels: {},
        },
        required: ['project', 'issue_type', 'summary'],
      },
    },
    {
      name: 'update_issue',
      title: 'Update an issue',
      method: 'PUT',
      endpoint: 'rest/api/2/issue/{{ issue }}',
      body: { fields: '{{ fields }}' },
      form: { properties: { issue: {}, fields: { type: 'object' } }, required: ['issue', 'fields'] },
    },
    {
      name: 'create_comment',
      title: 'Comment on an issue',
      method: 'POST',
      endpoint: 'rest/api/2/issue/{{ issue }}/comment',
      body: { body: '{{ text }}' },
      form: { properties: { issue: {}, text: {} }, required: ['issue', 'text'] },
    },
    {
      name: 'transition_issue',
      title: 'Move an issue to another status',
      method: 'POST',
      endpoint: 'rest/api/3/issue/{{ issue }}/transitions',
      body: { transition: { id: '{{ transition }}' } },
      form: {
        properties: { issue: {}, transition: { description: 'Id of the transition' } },
        required: ['issue', 'transition'],
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://developer.atlassian.com/cloud/jira/platform/webhooks/',
    events: [
      { name: 'jira:issue_created', title: 'Issue created', sample: 'issue_created' },
      ...['jira:issue_updated', 'jira:issue_deleted', 'comment_created', 'comment_updated', 'comment_deleted'],
      ...['worklog_created', 'worklog_updated', 'project_created', 'sprint_created', 'sprint_started', 'sprint_closed'],
      ...['jira:version_released', 'user_created'],
    ],
    event_name: '{{ body.webhookEvent }}',
    form: { properties: { jql: { description: 'Only issues that this JQL finds' } } },
    create: {
      method: 'POST',
      endpoint: hooks,
      body: {
        name: 'Hookline {{ registration_key }}',
        url: '{{ webhook_url }}',
        events: '{{ events }}',
        filters: { 'issue-related-events-section': '{{ jql }}' },
        excludeBody: false,
        secret: '{{ signing_secret }}',
      },
      id: '{{ response.body.self.split("/")[-1] }}',
    },
    list: {
      endpoint: hooks,
      id: '{{ item.self.split("/")[-1] }}',
      url: '{{ item.url }}',
      events: '{{ item.events }}',
      active: '{{ item.enabled }}',
    },
    update: {
      method: 'PUT',
      endpoint: `${hooks}/{{ registration.id }}`,
      body: {
        name: 'Hookline {{ registration_key }}',
        url: '{{ webhook_url }}',
        events: '{{ events }}',
        filters: { 'issue-related-events-section': '{{ jql }}' },
        secret: '{{ signing_secret }}',
      },
    },
    delete: { endpoint: `${hooks}/{{ registration.id }}` },
    signature: signatures.jira,
    delivery_id: { header: 'x-atlassian-webhook-identifier' },
  },
}
