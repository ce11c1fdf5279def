import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const setWebhook = {
  method: 'POST',
  endpoint: 'setWebhook',
  body: { url: '{{ webhook_url }}', secret_token: '{{ signing_secret }}', allowed_updates: '{{ events }}' },
} as const

export const telegram: ConnectorInput = {
  name: 'telegram',
  title: 'Telegram Bot',
  description: 'Messages of a bot',
  external_docs: 'https://core.telegram.org/bots/api',
  docs: ['https://core.telegram.org/bots/api#setwebhook', 'https://core.telegram.org/bots/api#update'],
  tags: ['communication'],
  base_domain: 'https://api.telegram.org/bot{{ connectorAuth.token }}/',
  header: { token_in_header: false },
  auth_config: { api_key: { labels: { auth_token: 'Token of the bot, from @BotFather' } } },
  test_request: { endpoint: 'getMe', docs: 'https://core.telegram.org/bots/api#getme' },
  failure: { when: '{{ not response.body.ok }}', message: '{{ response.body.description }}' },
  rate_limit: { requests: 30, per_seconds: 1 },
  actions: [
    {
      name: 'send_message',
      title: 'Send a message',
      method: 'POST',
      endpoint: 'sendMessage',
      body: {
        chat_id: '{{ chat }}',
        text: '{{ text }}',
        parse_mode: '{{ parse_mode }}',
        reply_markup: '{{ reply_markup }}',
      },
      docs: 'https://core.telegram.org/bots/api#sendmessage',
      form: {
        properties: {
          chat: { type: ['string', 'integer'], description: 'Its id, or @channel' },
          text: { type: 'string', ui: { multiline: true } },
          parse_mode: { enum: ['MarkdownV2', 'HTML'] },
          reply_markup: { type: 'object' },
        },
        required: ['chat', 'text'],
      },
      output: '{{ response.body.result }}',
    },
    {
      name: 'edit_message',
      title: 'Change the text of a message',
      method: 'POST',
      endpoint: 'editMessageText',
      body: { chat_id: '{{ chat }}', message_id: '{{ message }}', text: '{{ text }}', parse_mode: '{{ parse_mode }}' },
      docs: 'https://core.telegram.org/bots/api#editmessagetext',
      form: {
        properties: {
          chat: { type: ['string', 'integer'] },
          message: { type: 'integer' },
          text: { type: 'string', ui: { multiline: true } },
          parse_mode: { enum: ['MarkdownV2', 'HTML'] },
        },
        required: ['chat', 'message', 'text'],
      },
      output: '{{ response.body.result }}',
    },
    {
      name: 'send_photo',
      title: 'Send a photo',
      method: 'POST',
      endpoint: 'sendPhoto',
      body: { chat_id: '{{ chat }}', photo: '{{ photo }}', caption: '{{ caption }}' },
      docs: 'https://core.telegram.org/bots/api#sendphoto',
      form: {
        properties: {
          chat: { type: ['string', 'integer'] },
          photo: { type: 'string', description: 'Address or file id' },
          caption: { type: 'string' },
        },
        required: ['chat', 'photo'],
      },
      output: '{{ response.body.result }}',
    },
    {
      name: 'answer_callback_query',
      title: 'Answer a pressed button',
      method: 'POST',
      endpoint: 'answerCallbackQuery',
      body: { callback_query_id: '{{ callback_query }}', text: '{{ text }}' },
      docs: 'https://core.telegram.org/bots/api#answercallbackquery',
      form: {
        properties: { callback_query: { type: 'string' }, text: { type: 'string' } },
        required: ['callback_query'],
      },
      output: '{{ response.body.result }}',
    },
  ],
  webhook_trigger: {
    docs: 'https://core.telegram.org/bots/api#setwebhook',
    events: [
      { name: 'message', title: 'Message', sample: 'message' },
      { name: 'callback_query', title: 'Button pressed' },
      ...['edited_message', 'channel_post', 'edited_channel_post', 'inline_query', 'poll_answer', 'my_chat_member'],
    ],
    single: 'auth',
    event_name: '{{ body.keys() | reject("equalto", "update_id") | first }}',
    create: { ...setWebhook, id: '{{ webhook_url }}' },
    list: {
      endpoint: 'getWebhookInfo',
      items: '{{ [response.body.result] if response.body.result.url else [] }}',
      id: '{{ item.url }}',
      url: '{{ item.url }}',
      events: '{{ item.allowed_updates }}',
    },
    update: { ...setWebhook, id: '{{ webhook_url }}' },
    rotate_secret: setWebhook,
    delete: { method: 'POST', endpoint: 'deleteWebhook' },
    signature: signatures.telegram,
    delivery_id: '{{ body.update_id }}',
  },
}
