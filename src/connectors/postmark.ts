import type { ConnectorInput } from './connector.ts'

const webhook = {
  Url: '{{ webhook_url }}',
  HttpHeaders: '{{ [{"Name": "Authorization", "Value": "Bearer " ~ webhook_token}] if webhook_token else [] }}',
  Triggers: {
    Delivery: { Enabled: '{{ "Delivery" in events }}' },
    Bounce: { Enabled: '{{ "Bounce" in events }}', IncludeContent: false },
    SpamComplaint: { Enabled: '{{ "SpamComplaint" in events }}', IncludeContent: false },
    Open: { Enabled: '{{ "Open" in events }}', PostFirstOpenOnly: false },
    Click: { Enabled: '{{ "Click" in events }}' },
    SubscriptionChange: { Enabled: '{{ "SubscriptionChange" in events }}' },
  },
}

/** All that can be read of a list. */
const first10000 = { type: 'offset', size_param: 'count', size: 500, max_pages: 20 } as const

export const postmark: ConnectorInput = {
  name: 'postmark',
  title: 'Postmark',
  description: 'Transactional email',
  external_docs: 'https://postmarkapp.com/developer/api/overview',
  docs: [
    'https://postmarkapp.com/developer/api/webhooks-api',
    'https://postmarkapp.com/developer/webhooks/webhooks-overview',
  ],
  tags: ['email'],
  base_domain: 'https://api.postmarkapp.com/',
  headers: { accept: 'application/json' },
  auth_config: {
    api_key: { header: 'x-postmark-server-token', format: '{{ token }}', labels: { auth_token: 'Server API token' } },
  },
  test_request: { endpoint: 'server', docs: 'https://postmarkapp.com/developer/api/server-api' },
  actions: [
    {
      name: 'send_email',
      title: 'Send an email',
      method: 'POST',
      endpoint: 'email',
      body: {
        From: '{{ from }}',
        To: '{{ to }}',
        Subject: '{{ subject }}',
        HtmlBody: '{{ html }}',
        TextBody: '{{ text }}',
        ReplyTo: '{{ reply_to }}',
        Tag: '{{ tag }}',
        Metadata: '{{ metadata }}',
        MessageStream: '{{ stream }}',
      },
      docs: 'https://postmarkapp.com/developer/api/email-api',
      form: {
        properties: {
          from: { type: 'string' },
          to: { type: 'string', description: 'Up to 50, separated by commas' },
          subject: { type: 'string' },
          html: { type: 'string', ui: { multiline: true } },
          text: { type: 'string', ui: { multiline: true } },
          reply_to: { type: 'string' },
          tag: { type: 'string' },
          metadata: { type: 'object' },
          stream: { type: 'string', description: 'Id of a message stream; by default outbound' },
        },
        required: ['from', 'to'],
      },
    },
    {
      name: 'send_template',
      title: 'Send an email from a template',
      method: 'POST',
      endpoint: 'email/withTemplate',
      body: {
        From: '{{ from }}',
        To: '{{ to }}',
        TemplateAlias: '{{ template }}',
        TemplateModel: '{{ model }}',
        MessageStream: '{{ stream }}',
      },
      docs: 'https://postmarkapp.com/developer/api/templates-api#email-with-template',
      form: {
        properties: {
          from: { type: 'string' },
          to: { type: 'string' },
          template: { type: 'string', description: 'Its alias' },
          model: { type: 'object' },
          stream: { type: 'string' },
        },
        required: ['from', 'to', 'template', 'model'],
      },
    },
    {
      name: 'list_messages',
      title: 'List sent emails',
      endpoint: 'messages/outbound',
      query: {
        count: 500,
        offset: 0,
        recipient: '{{ recipient }}',
        tag: '{{ tag }}',
        fromdate: '{{ from_date }}',
      },
      docs: 'https://postmarkapp.com/developer/api/messages-api#outbound-message-search',
      form: {
        properties: {
          recipient: { type: 'string' },
          tag: { type: 'string' },
          from_date: { type: 'string', format: 'date' },
        },
      },
      output: '{{ response.body.Messages }}',
      paginated: true,
      pagination: first10000,
    },
    {
      name: 'list_bounces',
      title: 'List bounces',
      endpoint: 'bounces',
      // Both are required; the pages of "retrieve all data" bring their own.
      query: { count: 500, offset: 0, fromdate: '{{ from_date }}' },
      docs: 'https://postmarkapp.com/developer/api/bounce-api#bounces',
      form: { properties: { from_date: { type: 'string', format: 'date' } } },
      output: '{{ response.body.Bounces }}',
      paginated: true,
      pagination: first10000,
    },
  ],
  webhook_trigger: {
    docs: 'https://postmarkapp.com/developer/api/webhooks-api',
    events: [
      { name: 'Bounce', title: 'Bounced', sample: 'Bounce' },
      { name: 'Delivery', title: 'Delivered', sample: 'Delivery' },
      { name: 'Open', title: 'Opened' },
      { name: 'Click', title: 'Link clicked' },
      { name: 'SpamComplaint', title: 'Marked as spam' },
      { name: 'SubscriptionChange', title: 'Suppressed or reactivated' },
    ],
    event_name: '{{ body.RecordType }}',
    form: { properties: { stream: { default: 'outbound', description: 'Message stream' } } },
    create: {
      method: 'POST',
      endpoint: 'webhooks',
      body: { ...webhook, MessageStream: '{{ stream or "outbound" }}' },
      id: '{{ response.body.ID }}',
    },
    list: {
      endpoint: 'webhooks',
      query: { MessageStream: '{{ stream or "outbound" }}' },
      items: '{{ response.body.Webhooks }}',
      id: '{{ item.ID }}',
      url: '{{ item.Url }}',
    },
    update: { method: 'PUT', endpoint: 'webhooks/{{ registration.id }}', body: webhook },
    delete: { endpoint: 'webhooks/{{ registration.id }}' },
    max_webhooks: 10,
    sends_header: true,
    // There is no id, and a message may have several recipients: only what is alike in everything is the same event.
    delivery_id: '{{ body.RecordType ~ ":" ~ (body | jsonify) }}',
  },
  unverified: ['webhook_trigger.delivery_id'],
}
