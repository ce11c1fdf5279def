import type { ConnectorInput } from './connector.ts'
import { handshakes } from './presets/handshakes.ts'
import { signatures } from './presets/signatures.ts'

// Webhooks belong to the app, so these calls are made with the app's own token and not with the business's.
const app = '{{ connectorAuth.user_input.app_id }}/subscriptions'
const asApp = { access_token: '{{ connectorAuth.user_input.app_id }}|{{ connectorAuth.user_input.app_secret }}' }
const messages = '{{ phone_number_id }}/messages'

const changed = 'body.entry[0].changes[0]["value"]'
const ofEach = (list: string, member: string) =>
  `(${changed}.${list} | default([]) | map(attribute="${member}") | join(","))`
const isOther = `(${changed}.messages is undefined and ${changed}.statuses is undefined)`
const severalOrOther = `body.entry | length > 1 or body.entry[0].changes | length > 1 or ${isOther}`

export const whatsapp: ConnectorInput = {
  name: 'whatsapp',
  title: 'WhatsApp Business',
  description: 'Messages through Meta’s Cloud API',
  external_docs: 'https://developers.facebook.com/docs/whatsapp/cloud-api',
  docs: [
    'https://developers.facebook.com/docs/graph-api/reference/application/subscriptions',
    'https://developers.facebook.com/docs/graph-api/webhooks/subscriptions-edge',
    'https://developers.facebook.com/docs/graph-api/webhooks/getting-started',
    'https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples',
    'https://whatsapp.github.io/WhatsApp-Nodejs-SDK/api-reference/types/TemplateObject',
  ],
  tags: ['communication'],
  base_domain: 'https://graph.facebook.com/v25.0/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    api_key: {
      labels: { auth_token: 'System user access token' },
      form: {
        properties: {
          app_id: { type: 'string' },
          app_secret: { type: 'string', writeOnly: true, ui: { secret: true } },
        },
        required: ['app_id', 'app_secret'],
      },
    },
  },
  test_request: { endpoint: 'me' },
  actions: [
    {
      name: 'send_text',
      title: 'Send a text',
      method: 'POST',
      endpoint: messages,
      body: {
        messaging_product: 'whatsapp',
        recipient_type: 'individual',
        to: '{{ to }}',
        type: 'text',
        text: { body: '{{ text }}' },
      },
      docs: 'https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/text-messages/',
      form: {
        properties: {
          phone_number_id: { type: 'string' },
          to: { type: 'string', description: 'With country code, as +16505551234' },
          text: { type: 'string', maxLength: 4096, ui: { multiline: true } },
        },
        required: ['phone_number_id', 'to', 'text'],
      },
    },
    {
      name: 'send_image',
      title: 'Send an image',
      method: 'POST',
      endpoint: messages,
      body: {
        messaging_product: 'whatsapp',
        recipient_type: 'individual',
        to: '{{ to }}',
        type: 'image',
        image: { link: '{{ link }}', caption: '{{ caption }}' },
      },
      docs: 'https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/image-messages/',
      form: {
        properties: {
          phone_number_id: { type: 'string' },
          to: { type: 'string' },
          link: { type: 'string', description: 'Public address of the image' },
          caption: { type: 'string', maxLength: 1024 },
        },
        required: ['phone_number_id', 'to', 'link'],
      },
    },
    {
      name: 'send_template',
      title: 'Send a template',
      method: 'POST',
      endpoint: messages,
      body: {
        messaging_product: 'whatsapp',
        to: '{{ to }}',
        type: 'template',
        template: { name: '{{ template }}', language: { code: '{{ language }}' }, components: '{{ components }}' },
      },
      docs: 'https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/template-messages/',
      form: {
        properties: {
          phone_number_id: { type: 'string' },
          to: { type: 'string' },
          template: { type: 'string' },
          language: { type: 'string', default: 'en_US' },
          components: { type: 'array' },
        },
        required: ['phone_number_id', 'to', 'template', 'language'],
      },
    },
    {
      name: 'mark_read',
      title: 'Mark a message as read',
      method: 'POST',
      endpoint: messages,
      body: { messaging_product: 'whatsapp', status: 'read', message_id: '{{ message_id }}' },
      docs: 'https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/mark-message-as-read/',
      form: {
        properties: { phone_number_id: { type: 'string' }, message_id: { type: 'string' } },
        required: ['phone_number_id', 'message_id'],
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://developers.facebook.com/docs/graph-api/reference/application/subscriptions',
    events: [
      { name: 'messages', title: 'Message or status of one', sample: 'messages' },
      { name: 'message_template_status_update', title: 'Template approved or refused' },
      { name: 'phone_number_quality_update', title: 'Quality of a number changed' },
      { name: 'account_update', title: 'Account changed' },
    ],
    single: 'app',
    event_name: '{{ body.entry[0].changes[0].field }}',
    create: {
      method: 'POST',
      endpoint: app,
      credential: false,
      query: asApp,
      body: {
        object: 'whatsapp_business_account',
        callback_url: '{{ webhook_url }}',
        fields: '{{ events | join(",") }}',
        verify_token: '{{ registration_key }}',
      },
      body_type: 'form',
      id: 'whatsapp_business_account',
    },
    list: {
      endpoint: app,
      credential: false,
      query: asApp,
      items: '{{ response.body.data | selectattr("object", "equalto", "whatsapp_business_account") | list }}',
      id: '{{ item.object }}',
      url: '{{ item.callback_url }}',
      events: '{{ item.fields | map(attribute="name") | list }}',
      active: '{{ item.active }}',
    },
    delete: { endpoint: app, credential: false, query: { ...asApp, object: 'whatsapp_business_account' } },
    handshake: [{ ...handshakes.meta, secret_in: { query: 'hub.verify_token', equals: 'registration_key' } }],
    signature: signatures.meta,
    signing_secret: { from: 'auth', value: '{{ connectorAuth.user_input.app_secret }}' },
    // Of all messages and statuses that it carries, where every status of a message has the message's id. What is about
    // something else, or of several accounts, has none: only what is alike in everything is the same event.
    delivery_id: `{{ body | jsonify if ${severalOrOther} else ${ofEach('messages', 'id')} ~ ":" ~ ${ofEach('statuses', 'id')} ~ ":" ~ ${ofEach('statuses', 'status')} }}`,
  },
  unverified: ['test_request'],
}
