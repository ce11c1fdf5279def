import type { ConnectorInput } from './connector.ts'

const webhook = {
  name: 'Hookline: {{ flow_name }}',
  url: '{{ webhook_url }}',
  events: '{{ events }}',
  sources: ['public', 'admin', 'api', 'system'],
}

export const activecampaign: ConnectorInput = {
  name: 'activecampaign',
  title: 'ActiveCampaign',
  description: 'Contacts, deals and automations',
  external_docs: 'https://developers.activecampaign.com/reference/overview',
  docs: [
    'https://developers.activecampaign.com/reference/create-webhook',
    'https://developers.activecampaign.com/page/webhooks',
  ],
  tags: ['marketing', 'crm'],
  base_domain: '{{ connectorAuth.api_endpoint }}/api/3/',
  auth_config: {
    api_key: {
      header: 'api-token',
      format: '{{ token }}',
      labels: { auth_token: 'API key', api_endpoint: 'API URL, as https://acme.api-us1.com' },
    },
  },
  test_request: { endpoint: 'users/me' },
  pagination_config: { type: 'offset', size: 100 },
  rate_limit: { requests: 5, per_seconds: 1 },
  actions: [
    {
      name: 'list_contacts',
      title: 'List contacts',
      docs: 'https://developers.activecampaign.com/reference/list-all-contacts',
      endpoint: 'contacts',
      query: { email: '{{ email }}', search: '{{ search }}' },
      form: { properties: { email: { type: 'string' }, search: { type: 'string' } } },
      output: '{{ response.body.contacts }}',
      paginated: true,
    },
    {
      name: 'upsert_contact',
      title: 'Create or update a contact',
      docs: 'https://developers.activecampaign.com/reference/sync-a-contacts-data',
      method: 'POST',
      endpoint: 'contact/sync',
      body: {
        contact: {
          email: '{{ email }}',
          firstName: '{{ first_name }}',
          lastName: '{{ last_name }}',
          phone: '{{ phone }}',
        },
      },
      form: { properties: { email: {}, first_name: {}, last_name: {}, phone: {} }, required: ['email'] },
      output: '{{ response.body.contact }}',
    },
    {
      name: 'add_tag',
      title: 'Add a tag to a contact',
      docs: 'https://developers.activecampaign.com/reference/create-contact-tag',
      method: 'POST',
      endpoint: 'contactTags',
      body: { contactTag: { contact: '{{ contact }}', tag: '{{ tag }}' } },
      form: {
        properties: { contact: { description: 'Id' }, tag: { description: 'Id' } },
        required: ['contact', 'tag'],
      },
    },
    {
      name: 'add_to_automation',
      title: 'Add a contact to an automation',
      docs: 'https://developers.activecampaign.com/reference/create-new-contactautomation',
      method: 'POST',
      endpoint: 'contactAutomations',
      body: { contactAutomation: { contact: '{{ contact }}', automation: '{{ automation }}' } },
      form: { properties: { contact: {}, automation: {} }, required: ['contact', 'automation'] },
    },
    {
      name: 'create_deal',
      title: 'Create a deal',
      docs: 'https://developers.activecampaign.com/reference/create-a-deal-new',
      method: 'POST',
      endpoint: 'deals',
      body: {
        deal: {
          title: '{{ title }}',
          contact: '{{ contact }}',
          value: '{{ value }}',
          currency: '{{ currency | lower }}',
          group: '{{ pipeline }}',
          stage: '{{ stage }}',
          owner: '{{ owner }}',
        },
      },
      form: {
        properties: {
          title: {},
          contact: {},
          value: { type: 'integer', description: 'In cents' },
          currency: { description: 'Three letters, as usd' },
          pipeline: { description: 'Id; needed without a stage' },
          stage: { description: 'Id; without it the first of the pipeline' },
          owner: { description: 'Id of a user; needed unless the pipeline assigns its deals by itself' },
        },
        required: ['title', 'contact', 'value', 'currency'],
      },
      output: '{{ response.body.deal }}',
    },
  ],
  webhook_trigger: {
    docs: 'https://developers.activecampaign.com/page/webhooks',
    events: [
      { name: 'update', title: 'Contact updated', sample: 'update' },
      ...['subscribe', 'unsubscribe', 'sent', 'open', 'click', 'forward', 'bounce', 'reply'],
      ...['contact_tag_added', 'contact_tag_removed', 'deal_add', 'deal_update', 'deal_note_add', 'deal_task_complete'],
    ],
    event_name: '{{ body.type }}',
    create: { method: 'POST', endpoint: 'webhooks', body: { webhook }, id: '{{ response.body.webhook.id }}' },
    list: {
      endpoint: 'webhooks',
      items: '{{ response.body.webhooks }}',
      url: '{{ item.url }}',
      events: '{{ item.events }}',
    },
    update: { method: 'PUT', endpoint: 'webhooks/{{ registration.id }}', body: { webhook } },
    delete: { endpoint: 'webhooks/{{ registration.id }}' },
  },
}
