import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const account = 'Accounts/{{ connectorAuth.username }}'
const number = `${account}/IncomingPhoneNumbers/{{ phone_number_sid }}.json`

export const twilio: ConnectorInput = {
  name: 'twilio',
  title: 'Twilio',
  description: 'Text messages and calls',
  external_docs: 'https://www.twilio.com/docs/usage/api',
  docs: [
    'https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource',
    'https://www.twilio.com/docs/usage/webhooks/webhooks-security',
    'https://www.twilio.com/docs/messaging/guides/webhook-request',
  ],
  tags: ['communication'],
  base_domain: 'https://api.twilio.com/2010-04-01/',
  auth_config: { basic_auth: { labels: { username: 'Account SID', password: 'Auth token' } } },
  test_request: { endpoint: `${account}.json`, docs: 'https://www.twilio.com/docs/iam/api/account' },
  pagination_config: {
    type: 'next_url',
    next_url: '{{ "https://api.twilio.com" ~ response.body.next_page_uri if response.body.next_page_uri else none }}',
    size_param: 'PageSize',
    size: 1000,
  },
  actions: [
    {
      name: 'send_message',
      title: 'Send a text message',
      method: 'POST',
      endpoint: `${account}/Messages.json`,
      body: {
        To: '{{ to }}',
        From: '{{ from }}',
        MessagingServiceSid: '{{ messaging_service }}',
        Body: '{{ text }}',
        MediaUrl: '{{ media_url }}',
      },
      body_type: 'form',
      form_lists: 'repeated',
      docs: 'https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource',
      form: {
        properties: {
          to: { type: 'string', description: 'E.164, as +49…' },
          from: { type: 'string', description: 'A number of yours, or leave it to a messaging service' },
          messaging_service: { type: 'string', description: 'MG…' },
          text: { type: 'string', ui: { multiline: true } },
          media_url: { type: ['string', 'array'], description: 'One or several' },
        },
        required: ['to', 'text'],
      },
    },
    {
      name: 'list_messages',
      title: 'List messages',
      endpoint: `${account}/Messages.json`,
      query: { To: '{{ to }}', From: '{{ from }}', 'DateSent>': '{{ sent_after }}' },
      docs: 'https://www.twilio.com/docs/messaging/api/message-resource',
      form: {
        properties: {
          to: { type: 'string' },
          from: { type: 'string' },
          sent_after: { type: 'string', format: 'date' },
        },
      },
      output: '{{ response.body.messages }}',
      paginated: true,
    },
    {
      name: 'make_call',
      title: 'Make a call',
      method: 'POST',
      endpoint: `${account}/Calls.json`,
      body: { To: '{{ to }}', From: '{{ from }}', Twiml: '{{ twiml }}', Url: '{{ url }}' },
      body_type: 'form',
      docs: 'https://www.twilio.com/docs/voice/api/call-resource',
      form: {
        properties: {
          to: { type: 'string' },
          from: { type: 'string' },
          twiml: { type: 'string', ui: { multiline: true }, description: 'What is said and done, or its address' },
          url: { type: 'string' },
        },
        required: ['to', 'from'],
      },
    },
    {
      name: 'list_phone_numbers',
      title: 'List my phone numbers',
      endpoint: `${account}/IncomingPhoneNumbers.json`,
      docs: 'https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource',
      output: '{{ response.body.incoming_phone_numbers }}',
      paginated: true,
    },
  ],
  webhook_trigger: {
    docs: 'https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource',
    events: [
      { name: 'incoming_message', title: 'Text message received', sample: 'incoming_message' },
      { name: 'incoming_call', title: 'Call received' },
    ],
    event_name: '{{ "incoming_message" if body.MessageSid else "incoming_call" }}',
    form: { properties: { phone_number_sid: { description: 'PN…' } }, required: ['phone_number_sid'] },
    single: 'form',
    create: {
      method: 'POST',
      endpoint: number,
      body: {
        SmsUrl: '{{ webhook_url if "incoming_message" in events else none }}',
        SmsMethod: '{{ "POST" if "incoming_message" in events else none }}',
        VoiceUrl: '{{ webhook_url if "incoming_call" in events else none }}',
        VoiceMethod: '{{ "POST" if "incoming_call" in events else none }}',
      },
      body_type: 'form',
      id: '{{ response.body.sid }}',
    },
    list: {
      endpoint: number,
      paginated: false,
      items: '{{ [response.body] }}',
      id: '{{ item.sid }}',
      url: '{{ item.sms_url if "incoming_message" in events else item.voice_url }}',
    },
    delete: {
      method: 'POST',
      endpoint: number,
      body: {
        SmsUrl: '{{ "" if "incoming_message" in registration.events else none }}',
        VoiceUrl: '{{ "" if "incoming_call" in registration.events else none }}',
      },
      body_type: 'form',
    },
    signature: signatures.twilio,
    signing_secret: { from: 'auth', value: '{{ connectorAuth.password }}' },
    delivery_id: { header: 'i-twilio-idempotency-token' },
  },
}
