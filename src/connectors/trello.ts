import type { ConnectorInput } from './connector.ts'
import { handshakes } from './presets/handshakes.ts'
import { signatures } from './presets/signatures.ts'

export const trello: ConnectorInput = {
  name: 'trello',
  title: 'Trello',
  description: 'Boards, lists and cards',
  external_docs: 'https://developer.atlassian.com/cloud/trello/rest/',
  docs: [
    'https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/',
    'https://developer.atlassian.com/cloud/trello/rest/api-group-webhooks/',
    'https://developer.atlassian.com/cloud/trello/guides/rest-api/action-types/',
  ],
  tags: ['projects'],
  base_domain: 'https://api.trello.com/1/',
  auth_config: {
    api_key: {
      labels: { auth_token: 'Token' },
      help: 'Key and secret belong to a Power-Up of yours (trello.com/power-ups/admin); the token is made there too.',
      query: { key: '{{ user_input.key }}', token: '{{ token }}' },
      form: {
        properties: { key: { type: 'string' }, secret: { type: 'string', writeOnly: true, ui: { secret: true } } },
        required: ['key', 'secret'],
      },
    },
  },
  test_request: {
    endpoint: 'members/me',
    docs: 'https://developer.atlassian.com/cloud/trello/rest/api-group-members/#api-members-id-get',
  },
  rate_limit: { requests: 100, per_seconds: 10 },
  actions: [
    {
      name: 'list_boards',
      title: 'List my boards',
      endpoint: 'members/me/boards',
      docs: 'https://developer.atlassian.com/cloud/trello/rest/api-group-members/#api-members-id-boards-get',
    },
    {
      name: 'list_lists',
      title: 'List the lists of a board',
      endpoint: 'boards/{{ board }}/lists',
      docs: 'https://developer.atlassian.com/cloud/trello/rest/api-group-boards/#api-boards-id-lists-get',
      form: { properties: { board: { type: 'string' } }, required: ['board'] },
    },
    {
      name: 'list_cards',
      title: 'List the cards of a board',
      endpoint: 'boards/{{ board }}/cards',
      docs: 'https://developer.atlassian.com/cloud/trello/rest/api-group-boards/#api-boards-id-cards-get',
      form: { properties: { board: { type: 'string' } }, required: ['board'] },
    },
    {
      name: 'create_card',
      title: 'Create a card',
      method: 'POST',
      endpoint: 'cards',
      body: {
        idList: '{{ list }}',
        name: '{{ name }}',
        desc: '{{ description }}',
        due: '{{ due }}',
        pos: '{{ position }}',
      },
      docs: 'https://developer.atlassian.com/cloud/trello/rest/api-group-cards/#api-cards-post',
      form: {
        properties: {
          list: { type: 'string' },
          name: { type: 'string' },
          description: { type: 'string', ui: { multiline: true } },
          due: { type: 'string', description: 'ISO 8601' },
          position: { enum: ['top', 'bottom'] },
        },
        required: ['list'],
      },
    },
    {
      name: 'update_card',
      title: 'Update a card',
      method: 'PUT',
      endpoint: 'cards/{{ card }}',
      body: {
        idList: '{{ list }}',
        name: '{{ name }}',
        desc: '{{ description }}',
        due: '{{ due }}',
        closed: '{{ closed }}',
      },
      docs: 'https://developer.atlassian.com/cloud/trello/rest/api-group-cards/#api-cards-id-put',
      form: {
        properties: {
          card: { type: 'string' },
          list: { type: 'string' },
          name: { type: 'string' },
          description: { type: 'string', ui: { multiline: true } },
          due: { type: 'string', description: 'ISO 8601' },
          closed: { type: 'boolean' },
        },
        required: ['card'],
      },
    },
    {
      name: 'create_comment',
      title: 'Comment on a card',
      method: 'POST',
      endpoint: 'cards/{{ card }}/actions/comments',
      body: { text: '{{ text }}' },
      docs: 'https://developer.atlassian.com/cloud/trello/rest/api-group-cards/#api-cards-id-actions-comments-post',
      form: {
        properties: { card: { type: 'string' }, text: { type: 'string', ui: { multiline: true } } },
        required: ['card', 'text'],
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/',
    events: [
      { name: 'updateCard', title: 'Card changed or moved', sample: 'updateCard' },
      ...['createCard', 'deleteCard', 'commentCard', 'addMemberToCard', 'addLabelToCard', 'addAttachmentToCard'],
      ...['addChecklistToCard', 'updateCheckItemStateOnCard', 'createList', 'updateList'],
    ],
    events_filtered_by: 'hookline',
    event_name: '{{ body.action.type }}',
    form: { properties: { board: { description: 'Id of the board' } }, required: ['board'] },
    create: {
      method: 'POST',
      endpoint: 'webhooks/',
      body: { callbackURL: '{{ webhook_url }}', idModel: '{{ board }}', description: 'Hookline: {{ flow_name }}' },
    },
    list: {
      endpoint: 'tokens/{{ connectorAuth.token }}/webhooks',
      url: '{{ item.callbackURL if item.idModel == board else none }}',
      active: '{{ item.active }}',
    },
    update: {
      method: 'PUT',
      endpoint: 'webhooks/{{ registration.id }}',
      body: { callbackURL: '{{ webhook_url }}', idModel: '{{ board }}', active: true },
    },
    resume: { method: 'PUT', endpoint: 'webhooks/{{ registration.id }}', body: { active: true } },
    delete: { endpoint: 'webhooks/{{ registration.id }}' },
    backfill: {
      endpoint: 'boards/{{ board }}/actions',
      query: { since: '{{ since }}', before: '{{ until }}', filter: '{{ events | join(",") }}', limit: 1000 },
      id: '{{ item.id }}',
      time: '{{ item.date }}',
      payload: '{{ {"action": item, "model": {"id": board}} }}',
    },
    handshake: [handshakes.trello],
    signature: signatures.trello,
    signing_secret: { from: 'auth', value: '{{ connectorAuth.user_input.secret }}' },
    delivery_id: '{{ body.action.id }}',
  },
}
