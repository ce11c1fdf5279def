import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const webhook = {
  url: '{{ webhook_url }}',
  enabled: true,
  event_types: {
    form_response: '{{ "form_response" in events }}',
    form_response_partial: '{{ "form_response_partial" in events }}',
  },
  secret: '{{ signing_secret }}',
  verify_ssl: true,
}

export const typeform: ConnectorInput = {
  name: 'typeform',
  title: 'Typeform',
  description: 'Forms and their responses',
  external_docs: 'https://www.typeform.com/developers/',
  docs: [
    'https://www.typeform.com/developers/webhooks/reference/create-or-update-webhook/',
    'https://www.typeform.com/developers/webhooks/example-payload/',
    'https://www.typeform.com/developers/webhooks/secure-your-webhooks/',
    'https://www.typeform.com/developers/get-started/scopes/',
  ],
  tags: ['forms'],
  base_domain: 'https://api{{ ".eu" if connectorAuth.user_input.eu_data_center else "" }}.typeform.com/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    api_key: {
      labels: { auth_token: 'Personal access token' },
      form: {
        properties: {
          eu_data_center: { type: 'boolean', default: false, description: 'Responses are kept in the EU' },
        },
      },
    },
    oauth2: {
      authorize_url: 'https://api.typeform.com/oauth/authorize',
      token_url: 'https://api.typeform.com/oauth/token',
      scopes: [
        ...['accounts:read', 'forms:read', 'responses:read', 'responses:write'],
        ...['webhooks:read', 'webhooks:write', 'offline'],
      ],
      pkce: false,
    },
  },
  test_request: { endpoint: 'me', docs: 'https://www.typeform.com/developers/get-started/scopes/' },
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
      docs: 'https://www.typeform.com/developers/create/reference/retrieve-forms/',
      form: { properties: { search: { type: 'string' } } },
      output: '{{ response.body["items"] }}',
      paginated: true,
    },
    {
      name: 'get_form',
      title: 'Get a form',
      endpoint: 'forms/{{ form_id }}',
      docs: 'https://www.typeform.com/developers/create/reference/retrieve-form/',
      form: { properties: { form_id: { type: 'string' } }, required: ['form_id'] },
    },
    {
      name: 'list_responses',
      title: 'List responses of a form',
      endpoint: 'forms/{{ form_id }}/responses',
      query: { since: '{{ since }}', until: '{{ until }}', page_size: 1000 },
      docs: 'https://www.typeform.com/developers/responses/reference/retrieve-responses/',
      form: {
        properties: {
          form_id: { type: 'string' },
          since: { type: 'string', description: 'ISO 8601 in UTC, as 2026-03-20T14:00:59' },
          until: { type: 'string' },
        },
        required: ['form_id'],
      },
      output: '{{ response.body["items"] }}',
      paginated: true,
      // From the newest to the oldest: each page ends with the token before which the next begins.
      pagination: {
        type: 'cursor',
        cursor_param: 'before',
        cursor: '{{ response.body["items"][-1].token if response.body["items"] | length == 1000 else none }}',
        size_param: 'page_size',
        size: 1000,
      },
    },
    {
      name: 'delete_responses',
      title: 'Delete responses',
      method: 'DELETE',
      endpoint: 'forms/{{ form_id }}/responses',
      query: { included_response_ids: '{{ response_ids }}' },
      docs: 'https://www.typeform.com/developers/responses/reference/delete-responses/',
      form: {
        properties: {
          form_id: { type: 'string' },
          response_ids: { type: 'string', description: 'Separated by commas' },
        },
        required: ['form_id', 'response_ids'],
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://www.typeform.com/developers/webhooks/',
    events: [
      { name: 'form_response', title: 'Response submitted', sample: 'form_response' },
      { name: 'form_response_partial', title: 'Response begun and not submitted' },
    ],
    event_name: '{{ body.event_type }}',
    form: {
      properties: { form_id: { type: 'string', description: 'As in https://….typeform.com/to/<form id>' } },
      required: ['form_id'],
    },
    create: {
      method: 'PUT',
      endpoint: 'forms/{{ form_id }}/webhooks/hookline-{{ registration_key }}',
      body: webhook,
      id: '{{ response.body.tag }}',
    },
    list: {
      endpoint: 'forms/{{ form_id }}/webhooks',
      paginated: false,
      items: '{{ response.body["items"] }}',
      id: '{{ item.tag }}',
      url: '{{ item.url }}',
      active: '{{ item.enabled }}',
    },
    update: {
      method: 'PUT',
      endpoint: 'forms/{{ form_id }}/webhooks/{{ registration.id }}',
      body: webhook,
    },
    delete: { endpoint: 'forms/{{ form_id }}/webhooks/{{ registration.id }}' },
    backfill: {
      endpoint: 'forms/{{ form_id }}/responses',
      query: { since: '{{ since }}', until: '{{ until }}', page_size: 1000 },
      items: '{{ response.body["items"] }}',
      id: '{{ item.token }}',
      time: '{{ item.submitted_at }}',
      payload: '{{ {"event_type": "form_response", "form_response": dict(item, form_id=form_id)} }}',
      // Latest first, and further back from the last token of a full page.
      pagination: {
        type: 'cursor',
        cursor_param: 'before',
        cursor: '{{ response.body["items"][-1].token if response.body["items"] | length == 1000 else none }}',
      },
    },
    signature: signatures.typeform,
    // A response's own token and not event_id, so that what backfill fetches is recognised; a partial one has it already.
    delivery_id: '{{ body.form_response.token if body.event_type == "form_response" else body.event_id }}',
  },
}
