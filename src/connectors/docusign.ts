import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const configuration = {
  configurationType: 'custom',
  name: 'Hookline {{ registration_key }}',
  urlToPublishTo: '{{ webhook_url }}',
  allowEnvelopePublish: 'true',
  allUsers: 'true',
  enableLog: 'true',
  requiresAcknowledgement: 'true',
  includeHMAC: 'true',
  deliveryMode: 'SIM',
  eventData: { version: 'restv2.1', format: 'json' },
  events: '{{ events }}',
}

export const docusign: ConnectorInput = {
  name: 'docusign',
  title: 'DocuSign',
  description: 'Envelopes to be signed',
  external_docs: 'https://developers.docusign.com/docs/esign-rest-api/reference/',
  docs: [
    'https://developers.docusign.com/docs/esign-rest-api/reference/connect/connectconfigurations/create/',
    'https://developers.docusign.com/platform/webhooks/connect/',
    'https://developers.docusign.com/platform/webhooks/connect/hmac/',
  ],
  tags: ['documents'],
  base_domain:
    '{{ connectorAuth.user_input.base_uri }}/restapi/v2.1/accounts/{{ connectorAuth.user_input.account_id }}/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    oauth2: {
      authorize_url: 'https://account.docusign.com/oauth/auth',
      token_url: 'https://account.docusign.com/oauth/token',
      scopes: ['signature', 'extended'],
      client_authentication: 'basic',
      help: 'Base URI and account id stand under Settings, Apps and Keys; the HMAC key under Settings, Connect, Connect Keys.',
      form: {
        properties: {
          base_uri: { type: 'string', examples: ['https://eu.docusign.net'] },
          account_id: { type: 'string' },
          hmac_key: { type: 'string', writeOnly: true, ui: { secret: true } },
        },
        required: ['base_uri', 'account_id'],
      },
    },
  },
  test_request: {
    endpoint: '{{ connectorAuth.user_input.base_uri }}/restapi/v2.1/accounts/{{ connectorAuth.user_input.account_id }}',
  },
  pagination_config: { type: 'offset', offset_param: 'start_position', size_param: 'count', size: 100 },
  actions: [
    {
      name: 'list_envelopes',
      title: 'List envelopes',
      docs: 'https://developers.docusign.com/docs/esign-rest-api/reference/envelopes/envelopes/liststatuschanges/',
      endpoint: 'envelopes',
      query: { from_date: '{{ from_date }}', status: '{{ status }}' },
      form: { properties: { from_date: {}, status: { examples: ['completed'] } }, required: ['from_date'] },
      output: '{{ response.body.envelopes }}',
      paginated: true,
    },
    {
      name: 'get_envelope',
      title: 'Get an envelope',
      docs: 'https://developers.docusign.com/docs/esign-rest-api/reference/envelopes/envelopes/',
      endpoint: 'envelopes/{{ envelope }}',
      query: { include: '{{ include }}' },
      form: { properties: { envelope: {}, include: { examples: ['recipients,documents'] } }, required: ['envelope'] },
    },
    {
      name: 'send_envelope',
      title: 'Send an envelope from a template',
      docs: 'https://developers.docusign.com/docs/esign-rest-api/reference/envelopes/envelopes/create/',
      method: 'POST',
      endpoint: 'envelopes',
      body: {
        templateId: '{{ template_id }}',
        templateRoles: [{ email: '{{ email }}', name: '{{ name }}', roleName: '{{ role }}' }],
        status: 'sent',
      },
      form: {
        properties: { template_id: {}, email: {}, name: {}, role: {} },
        required: ['template_id', 'email', 'name', 'role'],
      },
    },
    {
      name: 'void_envelope',
      title: 'Void an envelope',
      docs: 'https://developers.docusign.com/docs/esign-rest-api/reference/envelopes/envelopes/',
      method: 'PUT',
      endpoint: 'envelopes/{{ envelope }}',
      body: { status: 'voided', voidedReason: '{{ reason }}' },
      form: { properties: { envelope: {}, reason: {} }, required: ['envelope', 'reason'] },
    },
    {
      name: 'list_templates',
      title: 'List templates',
      docs: 'https://developers.docusign.com/docs/esign-rest-api/reference/templates/templates/list/',
      endpoint: 'templates',
      query: { search_text: '{{ search }}' },
      form: { properties: { search: { type: 'string' } } },
      output: '{{ response.body.envelopeTemplates }}',
      paginated: true,
    },
  ],
  webhook_trigger: {
    docs: 'https://developers.docusign.com/platform/webhooks/connect/',
    events: [
      { name: 'envelope-completed', title: 'Envelope completed', sample: 'envelope-completed' },
      ...['envelope-sent', 'envelope-delivered', 'envelope-declined', 'envelope-voided', 'envelope-resent'],
      ...['recipient-sent', 'recipient-delivered', 'recipient-completed', 'recipient-declined'],
    ],
    event_name: '{{ body.event }}',
    create: { method: 'POST', endpoint: 'connect', body: configuration, id: '{{ response.body.connectId }}' },
    list: {
      endpoint: 'connect',
      paginated: false,
      items: '{{ response.body.configurations }}',
      id: '{{ item.connectId }}',
      url: '{{ item.urlToPublishTo }}',
      events: '{{ item.events }}',
      active: '{{ item.allowEnvelopePublish == "true" }}',
    },
    update: {
      method: 'PUT',
      endpoint: 'connect',
      body: { ...configuration, connectId: '{{ registration.id }}' },
    },
    delete: { endpoint: 'connect/{{ registration.id }}' },
    backfill: {
      endpoint: 'connect/failures',
      query: { from_date: '{{ since }}', to_date: '{{ until }}' },
      paginated: false,
      items: '{{ response.body.failures }}',
      time: '{{ item.created }}',
      // The log is the account's: of all its webhooks.
      missed: '{{ item.connectId | string == registration.id | string }}',
      each: { method: 'PUT', endpoint: 'connect/envelopes/{{ item.envelopeId }}/retry_queue' },
    },
    signature: signatures.docusign,
    signing_secret: { from: 'auth', value: '{{ connectorAuth.user_input.hmac_key }}' },
    delivery_id: '{{ body.event ~ ":" ~ body.data.envelopeId ~ ":" ~ body.generatedDateTime }}',
  },
  unverified: ['webhook_trigger.delivery_id'],
}
