import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const webhook = {
  name: 'Hookline {{ registration_key }}',
  url: '{{ webhook_url }}',
  api_version: 'v2',
  basic_auth_username: 'hookline',
  basic_auth_password: '{{ signing_secret }}',
  enabled_events: '{{ events }}',
  disabled: false,
}

export const chargebee: ConnectorInput = {
  name: 'chargebee',
  title: 'Chargebee',
  description: 'Subscriptions, customers and invoices',
  external_docs: 'https://apidocs.chargebee.com/docs/api',
  docs: [
    'https://apidocs.chargebee.com/docs/api/webhook_endpoints/create-a-webhook-endpoint?lang=curl',
    'https://apidocs.chargebee.com/docs/api/events',
  ],
  tags: ['payments'],
  base_domain: 'https://{{ connectorAuth.user_input.site }}.chargebee.com/api/v2/',
  auth_config: {
    api_key: {
      labels: { auth_token: 'API key' },
      format: 'Basic {{ (token ~ ":") | base64_encode }}',
      form: {
        properties: { site: { type: 'string', description: 'The part before .chargebee.com' } },
        required: ['site'],
      },
    },
  },
  test_request: { endpoint: 'customers', query: { limit: 1 } },
  pagination_config: {
    type: 'cursor',
    cursor_param: 'offset',
    cursor: '{{ response.body.next_offset }}',
    size_param: 'limit',
    size: 100,
  },
  actions: [
    {
      name: 'list_customers',
      title: 'List customers',
      endpoint: 'customers',
      query: { 'email[is]': '{{ email }}' },
      form: { properties: { email: { type: 'string' } } },
      output: '{{ response.body["list"] | map(attribute="customer") | list }}',
      paginated: true,
    },
    {
      name: 'create_customer',
      title: 'Create a customer',
      method: 'POST',
      endpoint: 'customers',
      body: {
        email: '{{ email }}',
        first_name: '{{ first_name }}',
        last_name: '{{ last_name }}',
        company: '{{ company }}',
      },
      body_type: 'form',
      form: { properties: { email: {}, first_name: {}, last_name: {}, company: {} } },
      output: '{{ response.body.customer }}',
    },
    {
      name: 'list_subscriptions',
      title: 'List subscriptions',
      endpoint: 'subscriptions',
      query: { 'customer_id[is]': '{{ customer }}', 'status[is]': '{{ status }}' },
      form: { properties: { customer: {}, status: {} } },
      output: '{{ response.body["list"] | map(attribute="subscription") | list }}',
      paginated: true,
    },
    {
      name: 'get_invoice',
      title: 'Get an invoice',
      endpoint: 'invoices/{{ invoice }}',
      form: { properties: { invoice: {} }, required: ['invoice'] },
      output: '{{ response.body.invoice }}',
    },
  ],
  webhook_trigger: {
    docs: 'https://apidocs.chargebee.com/docs/api/webhook_endpoints',
    events: [
      { name: 'subscription_created', title: 'Subscription created', sample: 'subscription_created' },
      ...['subscription_changed', 'subscription_cancelled', 'subscription_renewed', 'subscription_reactivated'],
      ...['customer_created', 'customer_changed', 'invoice_generated', 'invoice_updated', 'payment_succeeded'],
      ...['payment_failed', 'payment_refunded', 'credit_note_created'],
    ],
    event_name: '{{ body.event_type }}',
    create: {
      method: 'POST',
      endpoint: 'webhook_endpoints',
      body: webhook,
      body_type: 'form',
      id: '{{ response.body.webhook_endpoint.id }}',
    },
    list: {
      endpoint: 'webhook_endpoints',
      items: '{{ response.body["list"] | map(attribute="webhook_endpoint") | list }}',
      url: '{{ item.url }}',
      events: '{{ item.enabled_events }}',
      active: '{{ not item.disabled }}',
    },
    update: { method: 'POST', endpoint: 'webhook_endpoints/{{ registration.id }}', body: webhook, body_type: 'form' },
    rotate_secret: {
      method: 'POST',
      endpoint: 'webhook_endpoints/{{ registration.id }}',
      body: { basic_auth_username: 'hookline', basic_auth_password: '{{ signing_secret }}' },
      body_type: 'form',
    },
    resume: {
      method: 'POST',
      endpoint: 'webhook_endpoints/{{ registration.id }}',
      body: { disabled: false },
      body_type: 'form',
    },
    delete: { method: 'POST', endpoint: 'webhook_endpoints/{{ registration.id }}/delete' },
    backfill: {
      endpoint: 'events',
      query: {
        'occurred_at[after]': '{{ since_unix }}',
        'occurred_at[before]': '{{ until_unix }}',
        'event_type[in]': '{{ events | jsonify }}',
      },
      items: '{{ response.body["list"] | map(attribute="event") | list }}',
      id: '{{ item.id }}',
      time: '{{ item.occurred_at }}',
      payload: '{{ item }}',
    },
    max_webhooks: 5,
    signature: signatures.basic_auth,
    delivery_id: '{{ body.id }}',
  },
  unverified: ['webhook_trigger.list.events'],
}
