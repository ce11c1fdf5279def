import type { ConnectorInput } from './connector.ts'
import { handshakes } from './presets/handshakes.ts'
import { signatures } from './presets/signatures.ts'

export const intercom: ConnectorInput = {
  name: 'intercom',
  title: 'Intercom',
  description: 'Contacts and conversations',
  external_docs: 'https://developers.intercom.com/docs/references/rest-api/api.intercom.io',
  docs: [
    'https://developers.intercom.com/docs/webhooks',
    'https://developers.intercom.com/docs/webhooks/setting-up-webhooks',
    'https://developers.intercom.com/docs/references/webhooks/webhook-models',
  ],
  tags: ['support'],
  base_domain: 'https://api.intercom.io/',
  headers: { 'intercom-version': '2.11', accept: 'application/json' },
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    api_key: {
      labels: { auth_token: 'Access token of your app' },
      form: { properties: { client_secret: { type: 'string', writeOnly: true, ui: { secret: true } } } },
    },
  },
  test_request: { endpoint: 'me' },
  pagination_config: {
    type: 'cursor',
    cursor_param: 'starting_after',
    cursor: '{{ response.body.pages.next.starting_after if response.body.pages.next else none }}',
    size_param: 'per_page',
    size: 150,
  },
  search_config: { action: 'find_contact', field: 'email', label: '{{ item.email }}' },
  actions: [
    {
      name: 'list_contacts',
      title: 'List contacts',
      docs: 'https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/listcontacts',
      endpoint: 'contacts',
      output: '{{ response.body.data }}',
      paginated: true,
    },
    {
      name: 'find_contact',
      title: 'Find contacts by email',
      docs: 'https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/searchcontacts',
      method: 'POST',
      endpoint: 'contacts/search',
      body: { query: { field: 'email', operator: '=', value: '{{ email }}' } },
      form: { properties: { email: { type: 'string' } }, required: ['email'] },
      output: '{{ response.body.data }}',
      paginated: true,
      pagination: {
        type: 'cursor',
        in: 'body',
        cursor_param: 'pagination.starting_after',
        cursor: '{{ response.body.pages.next.starting_after if response.body.pages.next else none }}',
        size_param: 'pagination.per_page',
        size: 150,
      },
    },
    {
      name: 'create_contact',
      title: 'Create a contact',
      docs: 'https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/createcontact',
      method: 'POST',
      endpoint: 'contacts',
      body: {
        role: '{{ role or "user" }}',
        email: '{{ email }}',
        name: '{{ name }}',
        custom_attributes: '{{ custom_attributes }}',
      },
      form: {
        properties: { role: { enum: ['user', 'lead'] }, email: {}, name: {}, custom_attributes: { type: 'object' } },
      },
    },
    {
      name: 'update_contact',
      title: 'Update a contact',
      docs: 'https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/updatecontact',
      method: 'PUT',
      endpoint: 'contacts/{{ id }}',
      body: { email: '{{ email }}', name: '{{ name }}', custom_attributes: '{{ custom_attributes }}' },
      form: {
        properties: { id: {}, email: {}, name: {}, custom_attributes: { type: 'object' } },
        required: ['id'],
      },
    },
    {
      name: 'reply_conversation',
      title: 'Reply to a conversation',
      docs: 'https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/replyconversation',
      method: 'POST',
      endpoint: 'conversations/{{ conversation }}/reply',
      body: { message_type: 'comment', type: 'admin', admin_id: '{{ admin }}', body: '{{ text }}' },
      form: {
        properties: {
          conversation: { description: 'Id' },
          admin: { description: 'Id of the teammate who replies' },
          text: { ui: { multiline: true } },
        },
        required: ['conversation', 'admin', 'text'],
      },
    },
  ],
  webhook_trigger: {
    setup: 'manual',
    instructions:
      'In the Developer Hub open your app, then Webhooks. Put the address below into "Endpoint URL" and pick the topics. Intercom signs with the client secret of the app: fill it in at the connector auth.',
    docs: 'https://developers.intercom.com/docs/webhooks/setting-up-webhooks',
    events: [
      { name: 'conversation.user.created', title: 'Conversation started', sample: 'conversation.user.created' },
      ...['conversation.user.replied', 'conversation.admin.replied', 'conversation.admin.closed'],
      ...['contact.user.created', 'contact.lead.created', 'contact.deleted', 'company.created', 'ticket.created'],
    ],
    events_filtered_by: 'hookline',
    event_name: '{{ body.topic }}',
    single: 'app',
    handshake: [handshakes.intercom],
    signature: signatures.intercom,
    signing_secret: { from: 'auth', value: '{{ connectorAuth.user_input.client_secret }}' },
    delivery_id: '{{ body.id }}',
  },
}
