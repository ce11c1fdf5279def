import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const webhook = {
  name: 'Hookline: {{ flow_name }}',
  endpoint: '{{ webhook_url }}',
  http_method: 'POST',
  request_format: 'json',
  status: 'active',
  subscriptions: '{{ events }}',
  authentication:
    '{{ {"type": "bearer_token", "data": {"token": webhook_token}, "add_position": "header"} if webhook_token else none }}',
}

export const zendesk: ConnectorInput = {
  name: 'zendesk',
  title: 'Zendesk',
  description: 'Tickets, users and organizations',
  external_docs: 'https://developer.zendesk.com/api-reference/',
  docs: [
    'https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/',
    'https://developer.zendesk.com/api-reference/webhooks/event-types/webhook-event-types/',
    'https://developer.zendesk.com/documentation/webhooks/verifying/',
  ],
  tags: ['support'],
  base_domain: 'https://{{ connectorAuth.user_input.subdomain }}.zendesk.com/api/v2/',
  auth_config: {
    basic_auth: {
      labels: { username: 'Email of an agent', password: 'API token' },
      format: 'Basic {{ (username ~ "/token:" ~ password) | base64_encode }}',
      form: { properties: { subdomain: { type: 'string' } }, required: ['subdomain'] },
    },
    api_key: {
      labels: { auth_token: 'OAuth access token' },
      format: 'Bearer {{ token }}',
      form: { properties: { subdomain: { type: 'string' } }, required: ['subdomain'] },
    },
  },
  test_request: {
    endpoint: 'users/me.json',
    docs: 'https://developer.zendesk.com/api-reference/ticketing/users/users/#show-self',
  },
  pagination_config: {
    type: 'cursor',
    cursor_param: 'page[after]',
    cursor: '{{ response.body.meta.after_cursor if response.body.meta.has_more else none }}',
    size_param: 'page[size]',
    size: 100,
  },
  search_config: { action: 'search', field: 'query', label: '{{ item.subject or item.name }}' },
  actions: [
    {
      name: 'list_tickets',
      title: 'List tickets',
      endpoint: 'tickets.json',
      docs: 'https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#list-tickets',
      output: '{{ response.body.tickets }}',
      paginated: true,
    },
    {
      name: 'get_ticket',
      title: 'Get a ticket',
      endpoint: 'tickets/{{ id }}.json',
      docs: 'https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#show-ticket',
      form: { properties: { id: { type: 'integer' } }, required: ['id'] },
      output: '{{ response.body.ticket }}',
    },
    {
      name: 'create_ticket',
      title: 'Create a ticket',
      method: 'POST',
      endpoint: 'tickets.json',
      body: {
        ticket: {
          subject: '{{ subject }}',
          comment: { body: '{{ comment }}' },
          requester: '{{ {"email": email, "name": name or email} if email else none }}',
          priority: '{{ priority }}',
          tags: '{{ tags }}',
        },
      },
      docs: 'https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#create-ticket',
      form: {
        properties: {
          subject: { type: 'string' },
          comment: { type: 'string', ui: { multiline: true } },
          email: { type: 'string', description: 'Of who asks' },
          name: { type: 'string' },
          priority: { enum: ['urgent', 'high', 'normal', 'low'] },
          tags: { type: 'array' },
        },
        required: ['subject', 'comment'],
      },
      output: '{{ response.body.ticket }}',
    },
    {
      name: 'update_ticket',
      title: 'Update a ticket, or comment on it',
      method: 'PUT',
      endpoint: 'tickets/{{ id }}.json',
      body: {
        ticket: {
          status: '{{ status }}',
          priority: '{{ priority }}',
          comment: '{{ {"body": comment, "public": public} if comment else none }}',
        },
      },
      docs: 'https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#update-ticket',
      form: {
        properties: {
          id: { type: 'integer' },
          status: { enum: ['new', 'open', 'pending', 'hold', 'solved', 'closed'] },
          priority: { enum: ['urgent', 'high', 'normal', 'low'] },
          comment: { type: 'string', ui: { multiline: true } },
          public: { type: 'boolean', default: true },
        },
        required: ['id'],
      },
      output: '{{ response.body.ticket }}',
    },
    {
      name: 'search',
      title: 'Search',
      endpoint: 'search.json',
      query: { query: '{{ query }}' },
      docs: 'https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/',
      form: {
        properties: { query: { type: 'string', ui: { placeholder: 'type:ticket status:open' } } },
        required: ['query'],
      },
      output: '{{ response.body.results }}',
      paginated: true,
      // Without cursors, and no more than 1,000 results.
      pagination: {
        type: 'next_url',
        next_url: '{{ response.body.next_page }}',
        size_param: 'per_page',
        size: 100,
        max_pages: 10,
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/',
    events: [
      { name: 'zen:event-type:user.created', title: 'User created', sample: 'user.created' },
      ...['zen:event-type:ticket.created', 'zen:event-type:ticket.status_changed'],
      ...['zen:event-type:ticket.comment_added', 'zen:event-type:ticket.priority_changed'],
      ...['zen:event-type:user.deleted', 'zen:event-type:organization.created', 'zen:event-type:organization.deleted'],
    ],
    event_name: '{{ body.type }}',
    create: { method: 'POST', endpoint: 'webhooks', body: { webhook }, id: '{{ response.body.webhook.id }}' },
    list: {
      endpoint: 'webhooks',
      items: '{{ response.body.webhooks }}',
      url: '{{ item.endpoint }}',
      events: '{{ item.subscriptions }}',
      active: '{{ item.status == "active" }}',
    },
    update: { method: 'PATCH', endpoint: 'webhooks/{{ registration.id }}', body: { webhook } },
    resume: { method: 'PATCH', endpoint: 'webhooks/{{ registration.id }}', body: { webhook: { status: 'active' } } },
    delete: { endpoint: 'webhooks/{{ registration.id }}' },
    rotate_secret: {
      method: 'POST',
      endpoint: 'webhooks/{{ registration.id }}/signing_secret',
      secret: '{{ response.body.signing_secret.secret }}',
    },
    sends_header: true,
    signature: signatures.zendesk,
    signing_secret: {
      from: 'request',
      endpoint: 'webhooks/{{ registration.id }}/signing_secret',
      value: '{{ response.body.signing_secret.secret }}',
    },
    delivery_id: '{{ body.id }}',
  },
}
