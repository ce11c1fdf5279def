import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

export const typeform: ConnectorInput = {
  name: 'typeform',
  title: 'Typeform',
  description: 'Forms and their responses',
  external_docs: 'https://www.typeform.com/developers/',
  docs: [
    'https://www.typeform.com/developers/webhooks/reference/create-or-update-webhook/',
    'https://www.typeform.com/developers/webhooks/example-payload/',
    'https://www.typeform.com/developers/webhooks/secure-your-webhooks/',
  ],
  tags: ['forms'],
  base_domain: 'https://api.typeform.com/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    api_key: { labels: { auth_token: 'Personal access token' } },
    oauth2: {
      authorize_url: 'https://api.typeform.com/oauth/authorize',
      token_url: 'https://api.typeform.com/oauth/token',
      scopes: ['forms:read', 'responses:read', 'webhooks:read', 'webhooks:write', 'offline'],
      pkce: false,
    },
  },
  test_request: { endpoint: 'me' },
  pagination_config: {
    type: 'page',
    size_param: 'page_size',
    size: 200,
  },
  rate_limit: { requests: 2, per_seconds: 1 },
  actions: [
    {
      name: 'list_forms',
      title: 'List forms',
      endpoint: 'forms',
      query: { search: '{{ search }}' },
      form: { properties: { search: { type: 'string' } } },
      output: '{{ response.body["items"] }}',
      paginated: true,
    },
    {
      name: 'get_form',
      title: 'Get a form',
      endpoint: 'forms/{{ form_id }}',
      form: { properties: { form_id: {} }, required: ['form_id'] },
    },
    {
      name: 'list_responses',
      title: 'List responses of a form',
      endpoint: 'forms/{{ form_id }}/responses',
      query: { since: '{{ since }}', until: '{{ until }}', page_size: 1000 },
      form: { properties: { form_id: {}, since: {}, until: {} }, required: ['form_id'] },
      output: '{{ response.body["items"] }}',
    },
    {
      name: 'delete_responses',
      title: 'Delete responses',
      method: 'DELETE',
      endpoint: 'forms/{{ form_id }}/responses',
      query: { included_response_ids: '{{ response_ids }}' },
      form: {
        properties: { form_id: {}, response_ids: { description: 'Separated by commas' } },
        required: ['form_id', 'response_ids'],
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://www.typeform.com/developers/webhooks/',
    events: [{ name: 'form_response', title: 'Response submitted', sample: 'form_response' }],
    event_name: '{{ body.event_type }}',
    form: {
      properties: { form_id: { type: 'string', description: 'As in https://….typeform.com/to/<form id>' } },
      required: ['form_id'],
    },
    create: {
      method: 'PUT',
      endpoint: 'forms/{{ form_id }}/webhooks/hookline-{{ registration_key }}',
      body: { url: '{{ webhook_url }}', enabled: true, secret: '{{ signing_secret }}', verify_ssl: true },
      id: '{{ response.body.tag }}',
    },
    list: {
      endpoint: 'forms/{{ form_id }}/webhooks',
      items: '{{ response.body["items"] }}',
      id: '{{ item.tag }}',
      url: '{{ item.url }}',
      active: '{{ item.enabled }}',
    },
    update: {
      method: 'PUT',
      endpoint: 'forms/{{ form_id }}/webhooks/{{ registration.id }}',
      body: { url: '{{ webhook_url }}', enabled: true, secret: '{{ signing_secret }}', verify_ssl: true },
    },
    delete: { endpoint: 'forms/{{ form_id }}/webhooks/{{ registration.id }}' },
    backfill: {
      endpoint: 'forms/{{ form_id }}/responses',
      query: { since: '{{ since }}', until: '{{ until }}', page_size: 1000 },
      items: '{{ response.body["items"] }}',
      id: '{{ item.token }}',
      time: '{{ item.submitted_at }}',
      payload: '{{ {"event_type": "form_response", "form_response": dict(item, form_id=form_id)} }}',
    },
    signature: signatures.typeform,
    // The response's own token and not event_id, so that what backfill fetches is recognised.
    delivery_id: '{{ body.form_response.token }}',
  },
}
