import type { ConnectorInput } from './connector.ts'
import { handshakes } from './presets/handshakes.ts'

const webhook = {
  url: '{{ webhook_url }}',
  events: {
    subscribe: '{{ "subscribe" in events }}',
    unsubscribe: '{{ "unsubscribe" in events }}',
    profile: '{{ "profile" in events }}',
    cleaned: '{{ "cleaned" in events }}',
    upemail: '{{ "upemail" in events }}',
    campaign: '{{ "campaign" in events }}',
  },
  sources: { user: true, admin: true, api: true },
}

export const mailchimp: ConnectorInput = {
  name: 'mailchimp',
  title: 'Mailchimp',
  description: 'Audiences, members and campaigns',
  external_docs: 'https://mailchimp.com/developer/marketing/api/',
  docs: [
    'https://mailchimp.com/developer/marketing/api/list-webhooks/',
    'https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/',
  ],
  tags: ['marketing'],
  base_domain: 'https://{{ connectorAuth.user_input.data_center }}.api.mailchimp.com/3.0/',
  auth_config: {
    api_key: {
      labels: { auth_token: 'API key' },
      format: 'Basic {{ ("hookline:" ~ token) | base64_encode }}',
      form: {
        properties: { data_center: { type: 'string', description: 'What stands behind the - in the key, as us21' } },
        required: ['data_center'],
      },
    },
  },
  test_request: { endpoint: 'ping', docs: 'https://mailchimp.com/developer/marketing/api/ping/ping/' },
  pagination_config: { type: 'offset', size_param: 'count', size: 500 },
  rate_limit: { requests: 10, per_seconds: 1, concurrent: 10 },
  actions: [
    {
      name: 'list_audiences',
      title: 'List audiences',
      endpoint: 'lists',
      query: { count: 1000 },
      docs: 'https://mailchimp.com/developer/marketing/api/lists/get-lists-info/',
      output: '{{ response.body.lists }}',
      paginated: true,
    },
    {
      name: 'list_members',
      title: 'List members of an audience',
      endpoint: 'lists/{{ list }}/members',
      query: { status: '{{ status }}', since_last_changed: '{{ since }}' },
      docs: 'https://mailchimp.com/developer/marketing/api/list-members/list-members-info/',
      form: {
        properties: {
          list: { type: 'string' },
          status: { enum: ['subscribed', 'unsubscribed', 'cleaned', 'pending', 'transactional', 'archived'] },
          since: { type: 'string', description: 'Changed after this, as ISO 8601' },
        },
        required: ['list'],
      },
      output: '{{ response.body.members }}',
      paginated: true,
    },
    {
      name: 'upsert_member',
      title: 'Add or update a member',
      method: 'PUT',
      endpoint: 'lists/{{ list }}/members/{{ email | lower | md5 }}',
      body: {
        email_address: '{{ email }}',
        status_if_new: '{{ status or "subscribed" }}',
        merge_fields: '{{ merge_fields }}',
      },
      docs: 'https://mailchimp.com/developer/marketing/api/list-members/add-or-update-list-member/',
      form: {
        properties: {
          list: { type: 'string' },
          email: { type: 'string', format: 'email' },
          status: {
            enum: ['subscribed', 'unsubscribed', 'cleaned', 'pending', 'transactional'],
            description: 'Of a new member; one that is there already keeps theirs',
          },
          merge_fields: { type: 'object' },
        },
        required: ['list', 'email'],
      },
    },
    {
      name: 'update_tags',
      title: 'Add or remove tags of a member',
      method: 'POST',
      endpoint: 'lists/{{ list }}/members/{{ email | lower | md5 }}/tags',
      body: { tags: '{{ tags }}' },
      docs: 'https://mailchimp.com/developer/marketing/api/list-member-tags/add-or-remove-member-tags/',
      form: {
        properties: {
          list: { type: 'string' },
          email: { type: 'string', format: 'email' },
          tags: { type: 'array', description: '[{"name": "vip", "status": "active"}]' },
        },
        required: ['list', 'email', 'tags'],
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/',
    events: [
      { name: 'subscribe', title: 'Subscribed', sample: 'subscribe' },
      { name: 'unsubscribe', title: 'Unsubscribed' },
      { name: 'profile', title: 'Profile changed' },
      { name: 'upemail', title: 'Email changed' },
      { name: 'cleaned', title: 'Address cleaned' },
      { name: 'campaign', title: 'Campaign sent or cancelled' },
    ],
    event_name: '{{ body.type }}',
    form: { properties: { list: { description: 'Id of the audience' } }, required: ['list'] },
    create: { method: 'POST', endpoint: 'lists/{{ list }}/webhooks', body: webhook },
    list: {
      endpoint: 'lists/{{ list }}/webhooks',
      paginated: false,
      items: '{{ response.body.webhooks }}',
      url: '{{ item.url }}',
    },
    update: { method: 'PATCH', endpoint: 'lists/{{ list }}/webhooks/{{ registration.id }}', body: webhook },
    delete: { endpoint: 'lists/{{ list }}/webhooks/{{ registration.id }}' },
    handshake: [handshakes.mailchimp],
    // There is no id, and fired_at counts seconds: only what is alike in everything is the same event.
    delivery_id: '{{ body.fired_at ~ ":" ~ (body | jsonify) }}',
  },
  unverified: ['webhook_trigger.delivery_id'],
}
