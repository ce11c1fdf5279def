import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const inScope = {
  organization: '{{ me.current_organization }}',
  user: '{{ me.uri if scope != "organization" else none }}',
  scope: '{{ scope or "user" }}',
}

const userOr = 'Address of the user, as "Get the current user" has it in uri; this or an organization is needed'
const organizationOr = 'Address of the organization, as "Get the current user" has it in current_organization'

export const calendly: ConnectorInput = {
  name: 'calendly',
  title: 'Calendly',
  description: 'Scheduled events and their invitees',
  external_docs: 'https://developer.calendly.com/api-docs',
  docs: [
    'https://developer.calendly.com/api-docs/c1ddc06ce1f1b-create-webhook-subscription',
    'https://developer.calendly.com/receive-data-from-scheduled-events-in-real-time-with-webhook-subscriptions',
    'https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures',
    'https://developer.calendly.com/scopes',
    'https://developer.calendly.com/openapi/calendly-api.yaml',
  ],
  tags: ['scheduling'],
  base_domain: 'https://api.calendly.com/',
  auth_config: {
    api_key: {
      header: 'authorization',
      format: 'Bearer {{ token }}',
      labels: { auth_token: 'Personal access token' },
      help: 'Scopes users:read, event_types:read, scheduled_events:write, routing_forms:read and webhooks:write.',
      docs: 'https://developer.calendly.com/scopes',
    },
    oauth2: {
      authorize_url: 'https://auth.calendly.com/oauth/authorize',
      token_url: 'https://auth.calendly.com/oauth/token',
      client_authentication: 'basic',
      // An app that asks for no scope may do nothing. Writing includes reading; events of a webhook need the scope to read them.
      scopes: ['users:read', 'event_types:read', 'scheduled_events:write', 'routing_forms:read', 'webhooks:write'],
      format: 'Bearer {{ token }}',
    },
  },
  test_request: { endpoint: 'users/me' },
  pagination_config: {
    type: 'cursor',
    cursor_param: 'page_token',
    cursor: '{{ response.body.pagination.next_page_token }}',
    size_param: 'count',
    size: 100,
  },
  actions: [
    {
      name: 'get_current_user',
      title: 'Get the current user',
      docs: 'https://developer.calendly.com/api-docs/calendly-api/users/get-current-user',
      endpoint: 'users/me',
      output: '{{ response.body.resource }}',
    },
    {
      name: 'list_event_types',
      title: 'List event types',
      docs: 'https://developer.calendly.com/api-docs/calendly-api/event-types/list-event-types',
      endpoint: 'event_types',
      query: { user: '{{ user }}', organization: '{{ organization }}' },
      form: { properties: { user: { description: userOr }, organization: { description: organizationOr } } },
      output: '{{ response.body.collection }}',
      paginated: true,
    },
    {
      name: 'list_scheduled_events',
      title: 'List scheduled events',
      docs: 'https://developer.calendly.com/api-docs/calendly-api/scheduled-events/list-scheduled-events',
      endpoint: 'scheduled_events',
      query: {
        user: '{{ user }}',
        organization: '{{ organization }}',
        min_start_time: '{{ min_start_time }}',
        max_start_time: '{{ max_start_time }}',
        status: '{{ status }}',
      },
      form: {
        properties: {
          user: { description: userOr },
          organization: { description: organizationOr },
          min_start_time: {},
          max_start_time: {},
          status: { enum: ['active', 'canceled'] },
        },
      },
      output: '{{ response.body.collection }}',
      paginated: true,
    },
    {
      name: 'list_invitees',
      title: 'List invitees of an event',
      docs: 'https://developer.calendly.com/api-docs/calendly-api/scheduled-events/list-event-invitees',
      endpoint: 'scheduled_events/{{ event_uuid }}/invitees',
      form: { properties: { event_uuid: {} }, required: ['event_uuid'] },
      output: '{{ response.body.collection }}',
      paginated: true,
    },
    {
      name: 'cancel_event',
      title: 'Cancel an event',
      docs: 'https://developer.calendly.com/api-docs/afb2e9fe3a0a0-cancel-event',
      method: 'POST',
      endpoint: 'scheduled_events/{{ event_uuid }}/cancellation',
      body: { reason: '{{ reason }}' },
      form: { properties: { event_uuid: {}, reason: {} }, required: ['event_uuid'] },
      output: '{{ response.body.resource }}',
    },
  ],
  webhook_trigger: {
    docs: 'https://developer.calendly.com/api-docs/c1ddc06ce1f1b-create-webhook-subscription',
    events: [
      { name: 'invitee.created', title: 'Invitee scheduled', sample: 'invitee.created' },
      { name: 'invitee.canceled', title: 'Invitee canceled', sample: 'invitee.canceled' },
      { name: 'invitee_no_show.created', title: 'Invitee marked as no show', sample: 'invitee_no_show.created' },
      { name: 'invitee_no_show.deleted', title: 'No show taken back' },
      { name: 'event_type.created', title: 'Event type created' },
      { name: 'event_type.updated', title: 'Event type changed' },
      { name: 'event_type.deleted', title: 'Event type deleted' },
      {
        name: 'routing_form_submission.created',
        title: 'Routing form submitted (organization only)',
        sample: 'routing_form_submission.created',
      },
    ],
    event_name: '{{ body.event }}',
    form: { properties: { scope: { enum: ['user', 'organization'], default: 'user' } } },
    prepare: { me: { endpoint: 'users/me', value: '{{ response.body.resource }}', before: ['create', 'list'] } },
    create: {
      method: 'POST',
      endpoint: 'webhook_subscriptions',
      body: { url: '{{ webhook_url }}', events: '{{ events }}', ...inScope, signing_key: '{{ signing_secret }}' },
      id: '{{ response.body.resource.uri }}',
    },
    list: {
      endpoint: 'webhook_subscriptions',
      query: { ...inScope, count: 100 },
      items: '{{ response.body.collection }}',
      id: '{{ item.uri }}',
      url: '{{ item.callback_url }}',
      events: '{{ item.events }}',
      active: '{{ item.state == "active" }}',
    },
    delete: { endpoint: '{{ registration.id }}' },
    signature: signatures.calendly,
    delivery_id: '{{ body.event ~ ":" ~ body.payload.uri ~ ":" ~ body.created_at }}',
  },
}
