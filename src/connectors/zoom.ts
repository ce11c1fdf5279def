import type { ConnectorInput } from './connector.ts'
import { handshakes } from './presets/handshakes.ts'
import { signatures } from './presets/signatures.ts'

const participant = '(body.payload.object.participant | default({}))'
/** Several may come or sign up at the same moment. */
const who = `${participant}.participant_uuid | default(${participant}.user_id | default((body.payload.object.registrant | default({})).id | default("")))`

export const zoom: ConnectorInput = {
  name: 'zoom',
  title: 'Zoom',
  description: 'Meetings, registrants and recordings',
  external_docs: 'https://developers.zoom.us/docs/api/',
  docs: ['https://developers.zoom.us/docs/api/webhooks/', 'https://developers.zoom.us/docs/api/meetings/events/'],
  tags: ['communication', 'scheduling'],
  base_domain: 'https://api.zoom.us/v2/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    oauth2: {
      authorize_url: 'https://zoom.us/oauth/authorize',
      token_url: 'https://zoom.us/oauth/token',
      client_authentication: 'basic',
      form: { properties: { secret_token: { type: 'string', writeOnly: true, ui: { secret: true } } } },
    },
    refreshable_token: {
      title: 'Server-to-Server OAuth',
      labels: { auth_token: 'Client secret' },
      form: {
        properties: {
          account_id: { type: 'string' },
          client_id: { type: 'string' },
          secret_token: { type: 'string', writeOnly: true, ui: { secret: true } },
        },
        required: ['account_id', 'client_id'],
      },
      token_request: {
        method: 'POST',
        endpoint: 'https://zoom.us/oauth/token',
        credential: false,
        headers: { authorization: 'Basic {{ (user_input.client_id ~ ":" ~ token) | base64_encode }}' },
        body: { grant_type: 'account_credentials', account_id: '{{ user_input.account_id }}' },
        body_type: 'form',
        expires_in: '{{ response.body.expires_in }}',
      },
    },
  },
  test_request: { endpoint: 'users/me' },
  pagination_config: {
    type: 'cursor',
    cursor_param: 'next_page_token',
    cursor: '{{ response.body.next_page_token }}',
    size_param: 'page_size',
    size: 300,
  },
  actions: [
    {
      name: 'list_meetings',
      title: 'List meetings of a user',
      endpoint: 'users/{{ user or "me" }}/meetings',
      query: { type: '{{ type }}' },
      docs: 'https://developers.zoom.us/docs/api/meetings/#tag/meetings/get/users/{userId}/meetings',
      form: {
        properties: {
          user: { type: 'string', description: 'Id or email; by default who connected' },
          type: { enum: ['scheduled', 'live', 'upcoming', 'upcoming_meetings', 'previous_meetings'] },
        },
      },
      output: '{{ response.body.meetings }}',
      paginated: true,
    },
    {
      name: 'get_meeting',
      title: 'Get a meeting',
      endpoint: 'meetings/{{ meeting }}',
      docs: 'https://developers.zoom.us/docs/api/meetings/#tag/meetings/get/meetings/{meetingId}',
      form: { properties: { meeting: { type: 'string' } }, required: ['meeting'] },
    },
    {
      name: 'create_meeting',
      title: 'Create a meeting',
      method: 'POST',
      endpoint: 'users/{{ user or "me" }}/meetings',
      body: {
        topic: '{{ topic }}',
        type: 2,
        start_time: '{{ start_time }}',
        duration: '{{ duration }}',
        timezone: '{{ time_zone }}',
      },
      docs: 'https://developers.zoom.us/docs/api/meetings/#tag/meetings/post/users/{userId}/meetings',
      form: {
        properties: {
          user: { type: 'string', description: 'Id or email; by default who connected' },
          topic: { type: 'string' },
          start_time: { type: 'string', description: 'ISO 8601' },
          duration: { type: 'integer', description: 'Minutes' },
          time_zone: { type: 'string', description: 'As Europe/Berlin' },
        },
        required: ['topic'],
      },
    },
    {
      name: 'add_registrant',
      title: 'Register someone for a meeting',
      method: 'POST',
      endpoint: 'meetings/{{ meeting }}/registrants',
      body: { email: '{{ email }}', first_name: '{{ first_name }}', last_name: '{{ last_name }}' },
      docs: 'https://developers.zoom.us/docs/api/meetings/#tag/meetings/post/meetings/{meetingId}/registrants',
      form: {
        properties: {
          meeting: { type: 'string' },
          email: { type: 'string', format: 'email' },
          first_name: { type: 'string' },
          last_name: { type: 'string' },
        },
        required: ['meeting', 'email', 'first_name'],
      },
    },
  ],
  webhook_trigger: {
    setup: 'manual',
    instructions:
      'At marketplace.zoom.us open your app, then Features, Access, Event Subscriptions. Add one with the events and the address below as notification endpoint, and press Validate. Fill in the secret token of the same page at the connector auth.',
    docs: 'https://developers.zoom.us/docs/api/webhooks/',
    events: [
      { name: 'meeting.ended', title: 'Meeting ended', sample: 'meeting.ended' },
      ...['meeting.created', 'meeting.updated', 'meeting.deleted', 'meeting.started', 'meeting.participant_joined'],
      ...['meeting.participant_left', 'meeting.registration_created', 'recording.completed', 'webinar.ended'],
    ],
    events_filtered_by: 'hookline',
    event_name: '{{ body.event }}',
    single: 'app',
    max_webhooks: 20,
    handshake: [handshakes.zoom],
    signature: signatures.zoom,
    signing_secret: { from: 'auth', value: '{{ connectorAuth.user_input.secret_token }}' },
    delivery_id: `{{ body.event ~ ":" ~ (body.payload.object.uuid | default(body.payload.object.id)) ~ ":" ~ body.event_ts ~ ":" ~ (${who}) }}`,
  },
}
