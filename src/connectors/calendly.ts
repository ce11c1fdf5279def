import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const inScope = {
  organization: '{{ me.current_organization }}',
  user: '{{ me.uri if scope != "organization" else none }}',
  scope: '{{ scope or "user" }}',
}

export const calendly: ConnectorInput = {
  name: 'calendly',
  title: 'Calendly',
  description: 'Scheduled events and their invitees',
  external_docs: 'https://developer.calendly.com/api-docs',
  docs: [
    'https://developer.calendly.com/api-docs/c1ddc06ce1f1b-create-webhook-subscription',
    'https://developer.calendly.com/receive-data-from-scheduled-events-in-real-time-with-webhook-subscriptions',
    'https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures',
  ],
  tags: ['scheduling'],
  base_domain: 'https://api.calendly.com/',
  auth_config: {
    api_key: { header: 'authorization', format: 'Bearer {{ token }}', labels: { auth_token: 'Personal access token' } },
    oauth2: {
      authorize_url: 'https://auth.calendly.com/oauth/authorize',
      token_url: 'https://auth.calendly.com/oauth/token',
      client_authentication: 'basic',
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
      endpoint: 'users/me',
      output: '{{ response.body.resource }}',
    },
    {
      name: 'list_event_types',
      title: 'List event types',
      endpoint: 'event_types',
      query: { user: '{{ user }}', organization: '{{ organization }}' },
      form: { properties: { user: { description: 'Address of the user' }, organization: {} } },
      output: '{{ response.body.collection }}',
      paginated: true,
    },
    {
      name: 'list_scheduled_events',
      title: 'List scheduled events',
      endpoint: 'scheduled_events',
      query: {
        user: '{{ user }}',
        organization: '{{ organization }}',
        min_start_time: '{{ min_start_time }}',
        status: '{{ status }}',
      },
      form: {
        properties: { user: {}, organization: {}, min_start_time: {}, status: { enum: ['active', 'canceled'] } },
      },
      output: '{{ response.body.collection }}',
      paginated: true,
    },
    {
      name: 'list_invitees',
      title: 'List invitees of an event',
      endpoint: 'scheduled_events/{{ event_uuid }}/invitees',
      form: { properties: { event_uuid: {} }, required: ['event_uuid'] },
      output: '{{ response.body.collection }}',
      paginated: true,
    },
    {
      name: 'cancel_event',
      title: 'Cancel an event',
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
      { name: 'invitee.canceled', title: 'Invitee canceled' },
      { name: 'invitee_no_show.created', title: 'Invitee marked as no show' },
      { name: 'invitee_no_show.deleted', title: 'No show taken back' },
      { name: 'routing_form_submission.created', title: 'Routing form submitted (organization only)' },
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
