import type { ConnectorInput } from './connector.ts'
import { handshakes } from './presets/handshakes.ts'
import { signatures } from './presets/signatures.ts'

export const slack: ConnectorInput = {
  name: 'slack',
  title: 'Slack',
  description: 'Messages, channels and users',
  external_docs: 'https://docs.slack.dev/reference/methods',
  docs: [
    'https://docs.slack.dev/apis/events-api/',
    'https://docs.slack.dev/reference/events/url_verification',
    'https://docs.slack.dev/authentication/verifying-requests-from-slack',
  ],
  tags: ['communication'],
  base_domain: 'https://slack.com/api/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    api_key: {
      labels: { auth_token: 'Bot user OAuth token (xoxb-…)' },
      help: 'Scopes chat:write, channels:read, channels:history, users:read, users:read.email, reactions:write; for private channels also groups:read and groups:history. The signing secret stands under Basic Information.',
      form: { properties: { signing_secret: { type: 'string', writeOnly: true, ui: { secret: true } } } },
    },
    oauth2: {
      authorize_url: 'https://slack.com/oauth/v2/authorize',
      token_url: 'https://slack.com/api/oauth.v2.access',
      scopes: [
        ...['chat:write', 'channels:read', 'channels:history', 'groups:read', 'groups:history'],
        ...['users:read', 'users:read.email', 'reactions:write'],
      ],
      scope_separator: ',',
      refreshes: false,
      pkce: false,
      form: { properties: { signing_secret: { type: 'string', writeOnly: true, ui: { secret: true } } } },
    },
  },
  test_request: { method: 'POST', endpoint: 'auth.test', docs: 'https://docs.slack.dev/reference/methods/auth.test' },
  failure: { when: '{{ not response.body.ok }}', message: '{{ response.body.error }}' },
  pagination_config: {
    type: 'cursor',
    cursor_param: 'cursor',
    cursor: '{{ response.body.response_metadata.next_cursor if response.body.response_metadata else none }}',
    size_param: 'limit',
    size: 200,
  },
  actions: [
    {
      name: 'post_message',
      title: 'Post a message',
      method: 'POST',
      endpoint: 'chat.postMessage',
      body: { channel: '{{ channel }}', text: '{{ text }}', blocks: '{{ blocks }}', thread_ts: '{{ thread_ts }}' },
      docs: 'https://docs.slack.dev/reference/methods/chat.postMessage',
      form: {
        properties: {
          channel: { type: 'string' },
          text: { type: 'string', ui: { multiline: true } },
          blocks: { type: 'array' },
          thread_ts: { type: 'string' },
        },
        required: ['channel', 'text'],
      },
    },
    {
      name: 'update_message',
      title: 'Change a message',
      method: 'POST',
      endpoint: 'chat.update',
      body: { channel: '{{ channel }}', ts: '{{ ts }}', text: '{{ text }}', blocks: '{{ blocks }}' },
      docs: 'https://docs.slack.dev/reference/methods/chat.update',
      form: {
        properties: {
          channel: { type: 'string', description: 'Its id, not its name' },
          ts: { type: 'string' },
          text: { type: 'string', ui: { multiline: true } },
          blocks: { type: 'array' },
        },
        required: ['channel', 'ts'],
      },
    },
    {
      name: 'list_channels',
      title: 'List channels',
      endpoint: 'conversations.list',
      query: { types: '{{ types or "public_channel" }}', exclude_archived: true },
      docs: 'https://docs.slack.dev/reference/methods/conversations.list',
      form: { properties: { types: { type: 'string', examples: ['public_channel,private_channel'] } } },
      output: '{{ response.body.channels }}',
      paginated: true,
    },
    {
      name: 'list_messages',
      title: 'List messages of a channel',
      endpoint: 'conversations.history',
      query: { channel: '{{ channel }}', oldest: '{{ oldest }}' },
      docs: 'https://docs.slack.dev/reference/methods/conversations.history',
      form: {
        properties: { channel: { type: 'string' }, oldest: { type: 'string', description: 'Seconds since 1970' } },
        required: ['channel'],
      },
      output: '{{ response.body.messages }}',
      paginated: true,
    },
    {
      name: 'find_user',
      title: 'Find a user by email',
      endpoint: 'users.lookupByEmail',
      query: { email: '{{ email }}' },
      docs: 'https://docs.slack.dev/reference/methods/users.lookupByEmail',
      form: { properties: { email: { type: 'string', format: 'email' } }, required: ['email'] },
      output: '{{ response.body.user }}',
    },
    {
      name: 'add_reaction',
      title: 'React to a message',
      method: 'POST',
      endpoint: 'reactions.add',
      body: { channel: '{{ channel }}', timestamp: '{{ ts }}', name: '{{ emoji }}' },
      docs: 'https://docs.slack.dev/reference/methods/reactions.add',
      form: {
        properties: {
          channel: { type: 'string' },
          ts: { type: 'string' },
          emoji: { type: 'string', description: 'Its name, as thumbsup' },
        },
        required: ['channel', 'ts', 'emoji'],
      },
    },
  ],
  webhook_trigger: {
    setup: 'manual',
    instructions:
      'At api.slack.com/apps open your app, then Event Subscriptions. Switch it on, put the address below into "Request URL" (Slack checks it at once) and subscribe to the bot events. Fill in the signing secret at the connector auth.',
    docs: 'https://docs.slack.dev/apis/events-api/',
    events: [
      { name: 'message', title: 'Message', sample: 'message' },
      { name: 'app_mention', title: 'App mentioned' },
      ...['reaction_added', 'reaction_removed', 'channel_created', 'member_joined_channel', 'team_join', 'file_shared'],
    ],
    events_filtered_by: 'hookline',
    event_name: '{{ body.event.type }}',
    single: 'app',
    handshake: [handshakes.slack],
    signature: signatures.slack,
    signing_secret: { from: 'auth', value: '{{ connectorAuth.user_input.signing_secret }}' },
    delivery_id: '{{ body.event_id }}',
  },
}
