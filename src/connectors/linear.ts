import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const call = { method: 'POST', endpoint: 'graphql' } as const

const pagesOf = (list: string) => {
  const info = `response.body.data.${list}.pageInfo`
  return {
    type: 'cursor' as const,
    in: 'body' as const,
    cursor_param: 'variables.after',
    cursor: `{{ ${info}.endCursor if ${info}.hasNextPage else none }}`,
  }
}

/** Those of https://linear.app/developers/webhooks, and of @linear/sdk 98.0.0. */
const events = [
  { name: 'Issue', title: 'Issue created, changed or removed', sample: 'Issue' },
  { name: 'Comment', title: 'Comment', sample: 'Comment' },
  { name: 'IssueLabel', title: 'Label' },
  { name: 'Attachment', title: 'Attachment of an issue' },
  { name: 'Reaction', title: 'Reaction to a comment' },
  { name: 'IssueSLA', title: 'Deadline of an issue set, near or missed' },
  { name: 'Project', title: 'Project', sample: 'Project' },
  { name: 'ProjectUpdate', title: 'Update of a project' },
  { name: 'Cycle', title: 'Cycle' },
  { name: 'Document', title: 'Document' },
  { name: 'Initiative', title: 'Initiative' },
  { name: 'InitiativeUpdate', title: 'Update of an initiative' },
  { name: 'Customer', title: 'Customer' },
  { name: 'CustomerNeed', title: 'Request of a customer' },
  { name: 'User', title: 'User' },
]

export const linear: ConnectorInput = {
  name: 'linear',
  title: 'Linear',
  description: 'Issues, projects and cycles',
  external_docs: 'https://linear.app/developers/graphql',
  docs: ['https://linear.app/developers/webhooks', 'https://linear.app/developers/graphql'],
  tags: ['development', 'projects'],
  base_domain: 'https://api.linear.app/',
  auth_config: {
    api_key: { format: '{{ token }}', labels: { auth_token: 'Personal API key' } },
    oauth2: {
      authorize_url: 'https://linear.app/oauth/authorize',
      token_url: 'https://api.linear.app/oauth/token',
      scopes: ['read', 'write', 'admin'],
      scope_separator: ',',
      format: 'Bearer {{ token }}',
    },
  },
  test_request: { ...call, body: { query: '{ viewer { id name } }' } },
  search_config: { action: 'search_issues', field: 'term', label: '{{ item.identifier ~ " " ~ item.title }}' },
  failure: { when: '{{ response.body.errors }}', message: '{{ response.body.errors[0].message }}' },
  actions: [
    {
      name: 'list_issues',
      title: 'List issues',
      docs: 'https://linear.app/developers/graphql#queries-and-mutations',
      ...call,
      body: {
        query:
          'query ($filter: IssueFilter, $after: String) { issues(first: 100, after: $after, filter: $filter) { nodes { id identifier title state { name } assignee { name } updatedAt } pageInfo { hasNextPage endCursor } } }',
        variables: { filter: '{{ filter }}' },
      },
      form: { properties: { filter: { type: 'object', description: 'As {"team": {"key": {"eq": "ENG"}}}' } } },
      output: '{{ response.body.data.issues.nodes }}',
      paginated: true,
      pagination: pagesOf('issues'),
    },
    {
      name: 'create_issue',
      title: 'Create an issue',
      docs: 'https://linear.app/developers/graphql#queries-and-mutations',
      ...call,
      body: {
        query:
          'mutation ($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id identifier url } } }',
        variables: {
          input: {
            teamId: '{{ team }}',
            title: '{{ title }}',
            description: '{{ description }}',
            assigneeId: '{{ assignee }}',
          },
        },
      },
      form: {
        properties: {
          team: { description: 'Id of the team' },
          title: {},
          description: { description: 'Markdown', ui: { multiline: true } },
          assignee: { description: 'Id of a user' },
        },
        required: ['team', 'title'],
      },
      output: '{{ response.body.data.issueCreate.issue }}',
    },
    {
      name: 'update_issue',
      title: 'Update an issue',
      docs: 'https://linear.app/developers/graphql#queries-and-mutations',
      ...call,
      body: {
        query:
          'mutation ($id: String!, $input: IssueUpdateInput!) { issueUpdate(id: $id, input: $input) { success issue { id identifier url } } }',
        variables: {
          id: '{{ id }}',
          input: { title: '{{ title }}', description: '{{ description }}', stateId: '{{ state }}' },
        },
      },
      form: {
        properties: {
          id: { description: 'Id, or as ENG-123', ui: { search: true } },
          title: {},
          description: {},
          state: { description: 'Id of the status' },
        },
        required: ['id'],
      },
      output: '{{ response.body.data.issueUpdate.issue }}',
    },
    {
      name: 'create_comment',
      title: 'Comment on an issue',
      docs: 'https://linear.app/developers/graphql#queries-and-mutations',
      ...call,
      body: {
        query: 'mutation ($input: CommentCreateInput!) { commentCreate(input: $input) { success comment { id } } }',
        variables: { input: { issueId: '{{ issue }}', body: '{{ text }}' } },
      },
      form: { properties: { issue: { ui: { search: true } }, text: {} }, required: ['issue', 'text'] },
      output: '{{ response.body.data.commentCreate.comment }}',
    },
    {
      name: 'search_issues',
      title: 'Search issues',
      docs: 'https://linear.app/developers/graphql#queries-and-mutations',
      ...call,
      body: {
        query:
          'query ($term: String!, $after: String) { searchIssues(term: $term, first: 50, after: $after) { nodes { id identifier title url state { name } assignee { name } updatedAt } pageInfo { hasNextPage endCursor } } }',
        variables: { term: '{{ term }}' },
      },
      form: { properties: { term: { type: 'string' } }, required: ['term'] },
      output: '{{ response.body.data.searchIssues.nodes }}',
      paginated: true,
      pagination: pagesOf('searchIssues'),
    },
    {
      name: 'list_teams',
      title: 'List teams',
      docs: 'https://linear.app/developers/graphql#queries-and-mutations',
      ...call,
      body: {
        query:
          'query ($after: String) { teams(first: 100, after: $after) { nodes { id key name } pageInfo { hasNextPage endCursor } } }',
      },
      output: '{{ response.body.data.teams.nodes }}',
      paginated: true,
      pagination: pagesOf('teams'),
    },
  ],
  webhook_trigger: {
    docs: 'https://linear.app/developers/webhooks',
    events,
    event_name: '{{ body.type }}',
    form: { properties: { team: { description: 'Id of the team; without it all public teams' } } },
    create: {
      ...call,
      body: {
        query:
          'mutation ($input: WebhookCreateInput!) { webhookCreate(input: $input) { success webhook { id enabled } } }',
        variables: {
          input: {
            url: '{{ webhook_url }}',
            label: 'Hookline: {{ flow_name }}',
            resourceTypes: '{{ events }}',
            teamId: '{{ team }}',
            allPublicTeams: '{{ none if team else true }}',
            secret: '{{ signing_secret }}',
          },
        },
      },
      id: '{{ response.body.data.webhookCreate.webhook.id }}',
    },
    list: {
      ...call,
      body: { query: '{ webhooks(first: 250) { nodes { id url enabled resourceTypes } } }' },
      items: '{{ response.body.data.webhooks.nodes }}',
      url: '{{ item.url }}',
      events: '{{ item.resourceTypes }}',
      active: '{{ item.enabled }}',
    },
    update: {
      ...call,
      body: {
        query:
          'mutation ($id: String!, $input: WebhookUpdateInput!) { webhookUpdate(id: $id, input: $input) { success } }',
        variables: {
          id: '{{ registration.id }}',
          input: { url: '{{ webhook_url }}', resourceTypes: '{{ events }}', enabled: true },
        },
      },
    },
    resume: {
      ...call,
      body: {
        query: 'mutation ($id: String!) { webhookUpdate(id: $id, input: {enabled: true}) { success } }',
        variables: { id: '{{ registration.id }}' },
      },
    },
    delete: {
      ...call,
      body: {
        query: 'mutation ($id: String!) { webhookDelete(id: $id) { success } }',
        variables: { id: '{{ registration.id }}' },
      },
      // "Entity not found: Webhook - Could not find referenced Webhook."
      gone_when: '{{ "not found" in (response.body | jsonify | lower) }}',
    },
    signature: signatures.linear,
    delivery_id: { header: 'linear-delivery' },
  },
}
