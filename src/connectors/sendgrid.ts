import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const webhook = {
  url: '{{ webhook_url }}',
  enabled: true,
  friendly_name: 'Hookline: {{ flow_name }}',
  processed: '{{ "processed" in events }}',
  delivered: '{{ "delivered" in events }}',
  deferred: '{{ "deferred" in events }}',
  bounce: '{{ "bounce" in events }}',
  dropped: '{{ "dropped" in events }}',
  open: '{{ "open" in events }}',
  click: '{{ "click" in events }}',
  spam_report: '{{ "spamreport" in events }}',
  unsubscribe: '{{ "unsubscribe" in events }}',
  group_unsubscribe: '{{ "group_unsubscribe" in events }}',
  group_resubscribe: '{{ "group_resubscribe" in events }}',
}

export const sendgrid: ConnectorInput = {
  name: 'sendgrid',
  title: 'SendGrid',
  description: 'Transactional email and contacts',
  external_docs: 'https://www.twilio.com/docs/sendgrid/api-reference',
  docs: [
    'https://docs.sendgrid.com/api-reference/webhooks/create-an-event-webhook',
    'https://docs.sendgrid.com/api-reference/webhooks/toggle-signature-verification-for-an-event-webhook',
    'https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event',
  ],
  tags: ['email'],
  base_domain: 'https://api.sendgrid.com/v3/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: { api_key: { labels: { auth_token: 'API key' } } },
  test_request: { endpoint: 'scopes' },
  rate_limit: { requests: 600, per_seconds: 60 },
  actions: [
    {
      name: 'send_email',
      title: 'Send an email',
      method: 'POST',
      endpoint: 'mail/send',
      body: {
        personalizations: [{ to: [{ email: '{{ to }}' }], dynamic_template_data: '{{ template_data }}' }],
        from: { email: '{{ from }}', name: '{{ from_name }}' },
        subject: '{{ subject }}',
        template_id: '{{ template_id }}',
        content: '{{ [{"type": "text/html", "value": html}] if html else none }}',
      },
      form: {
        properties: {
          to: {},
          from: {},
          from_name: {},
          subject: {},
          html: { ui: { multiline: true } },
          template_id: {},
          template_data: {},
        },
        required: ['to', 'from'],
      },
    },
    {
      name: 'upsert_contacts',
      title: 'Add or update contacts',
      method: 'PUT',
      endpoint: 'marketing/contacts',
      body: { list_ids: '{{ list_ids }}', contacts: '{{ contacts }}' },
      form: { properties: { list_ids: { type: 'array' }, contacts: { type: 'array' } }, required: ['contacts'] },
    },
    {
      name: 'list_bounces',
      title: 'List bounces',
      endpoint: 'suppression/bounces',
      query: { start_time: '{{ start_time }}' },
      form: { properties: { start_time: { type: 'integer', description: 'Seconds since 1970' } } },
    },
  ],
  webhook_trigger: {
    docs: 'https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event',
    events: [
      { name: 'delivered', title: 'Delivered', sample: 'events' },
      ...['processed', 'deferred', 'bounce', 'dropped', 'open', 'click', 'spamreport', 'unsubscribe'],
      ...['group_unsubscribe', 'group_resubscribe'],
    ],
    event_name: '{{ body | map(attribute="event") | unique | list }}',
    create: { method: 'POST', endpoint: 'user/webhooks/event/settings', body: webhook },
    list: {
      endpoint: 'user/webhooks/event/settings/all',
      items: '{{ response.body.webhooks }}',
      url: '{{ item.url }}',
      active: '{{ item.enabled }}',
    },
    update: { method: 'PATCH', endpoint: 'user/webhooks/event/settings/{{ registration.id }}', body: webhook },
    resume: {
      method: 'PATCH',
      endpoint: 'user/webhooks/event/settings/{{ registration.id }}',
      body: { enabled: true },
    },
    delete: { endpoint: 'user/webhooks/event/settings/{{ registration.id }}' },
    ping: {
      method: 'POST',
      endpoint: 'user/webhooks/event/test',
      body: { url: '{{ webhook_url }}', id: '{{ registration.id }}' },
    },
    // Enabling it makes a new key pair each time: to be asked for once, right after create.
    signing_secret: {
      from: 'request',
      method: 'PATCH',
      endpoint: 'user/webhooks/event/settings/signed/{{ registration.id }}',
      body: { enabled: true },
      value: '{{ response.body.public_key }}',
    },
    signature: signatures.sendgrid,
    delivery_id: '{{ body | map(attribute="sg_event_id") | join(",") }}',
    batch: '{{ body }}',
  },
}
