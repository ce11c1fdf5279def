import type { ConnectorInput } from './connector.ts'
import { handshakes } from './presets/handshakes.ts'

const call = { method: 'POST', endpoint: 'v2' } as const

export const monday: ConnectorInput = {
  name: 'monday',
  title: 'monday.com',
  description: 'Boards and items',
  external_docs: 'https://developer.monday.com/api-reference/docs',
  docs: [
    'https://developer.monday.com/api-reference/reference/webhooks',
    'https://developer.monday.com/api-reference/docs/webhooks',
  ],
  tags: ['projects'],
  base_domain: 'https://api.monday.com/',
  // Without it the version changes every quarter (https://developer.monday.com/api-reference/docs/api-versioning).
  headers: { 'api-version': '2026-10' },
  auth_config: { api_key: { format: '{{ token }}', labels: { auth_token: 'API token' } } },
  test_request: {
    ...call,
    body: { query: '{ me { id } }' },
    docs: 'https://developer.monday.com/api-reference/reference/me',
  },
  failure: {
    when: '{{ response.body.errors or response.body.error_message }}',
    message: '{{ response.body.errors[0].message if response.body.errors else response.body.error_message }}',
  },
  actions: [
    {
      name: 'list_boards',
      title: 'List boards',
      ...call,
      body: {
        query: 'query ($page: Int) { boards(limit: 100, page: $page) { id name state workspace_id } }',
        variables: { page: '{{ page or 1 }}' },
      },
      docs: 'https://developer.monday.com/api-reference/reference/boards',
      form: { properties: { page: { type: 'integer', minimum: 1, description: 'Of 100 boards each' } } },
      output: '{{ response.body.data.boards }}',
    },
    {
      name: 'list_items',
      title: 'List items of a board',
      ...call,
      body: {
        query:
          'query ($board: ID!, $cursor: String) { boards(ids: [$board]) { items_page(limit: 500, cursor: $cursor) { cursor items { id name group { id } column_values { id text value } } } } }',
        variables: { board: '{{ board }}' },
      },
      docs: 'https://developer.monday.com/api-reference/reference/items-page',
      form: { properties: { board: { type: 'string' } }, required: ['board'] },
      output: '{{ response.body.data.boards[0].items_page["items"] }}',
      paginated: true,
      pagination: {
        type: 'cursor',
        in: 'body',
        cursor_param: 'variables.cursor',
        cursor: '{{ response.body.data.boards[0].items_page.cursor }}',
      },
    },
    {
      name: 'create_item',
      title: 'Create an item',
      ...call,
      body: {
        query:
          'mutation ($board: ID!, $group: String, $name: String!, $values: JSON) { create_item(board_id: $board, group_id: $group, item_name: $name, column_values: $values) { id name } }',
        variables: {
          board: '{{ board }}',
          group: '{{ group }}',
          name: '{{ name }}',
          values: '{{ column_values | jsonify if column_values else none }}',
        },
      },
      docs: 'https://developer.monday.com/api-reference/reference/items#create-an-item',
      form: {
        properties: {
          board: { type: 'string' },
          group: { type: 'string' },
          name: { type: 'string' },
          column_values: { type: 'object', description: 'By id of the column, as {"status": {"label": "Done"}}' },
        },
        required: ['board', 'name'],
      },
      output: '{{ response.body.data.create_item }}',
    },
    {
      name: 'update_item',
      title: 'Change column values of an item',
      ...call,
      body: {
        query:
          'mutation ($board: ID!, $item: ID!, $values: JSON!) { change_multiple_column_values(board_id: $board, item_id: $item, column_values: $values) { id name } }',
        variables: { board: '{{ board }}', item: '{{ item_id }}', values: '{{ column_values | jsonify }}' },
      },
      docs: 'https://developer.monday.com/api-reference/reference/columns#change-multiple-column-values',
      form: {
        properties: { board: { type: 'string' }, item_id: { type: 'string' }, column_values: { type: 'object' } },
        required: ['board', 'item_id', 'column_values'],
      },
      output: '{{ response.body.data.change_multiple_column_values }}',
    },
    {
      name: 'create_update',
      title: 'Write an update on an item',
      ...call,
      body: {
        query: 'mutation ($item: ID!, $text: String!) { create_update(item_id: $item, body: $text) { id } }',
        variables: { item: '{{ item_id }}', text: '{{ text }}' },
      },
      docs: 'https://developer.monday.com/api-reference/reference/updates#create-an-update',
      form: {
        properties: { item_id: { type: 'string' }, text: { type: 'string', ui: { multiline: true } } },
        required: ['item_id', 'text'],
      },
      output: '{{ response.body.data.create_update }}',
    },
  ],
  webhook_trigger: {
    docs: 'https://developer.monday.com/api-reference/reference/webhooks',
    events: [
      { name: 'create_item', title: 'Item created', sample: 'create_item' },
      ...['change_column_value', 'change_name', 'item_archived', 'item_deleted', 'item_moved_to_any_group'],
      ...['create_subitem', 'change_subitem_column_value', 'create_update', 'edit_update', 'delete_update'],
    ],
    per_event: true,
    // Deliveries call the events by other names than the API does.
    event_name:
      '{{ {"create_pulse": "create_item", "update_column_value": "change_column_value", "update_name": "change_name", "archive_pulse": "item_archived", "delete_pulse": "item_deleted", "move_pulse_into_group": "item_moved_to_any_group"}[body.event.type] or body.event.type }}',
    form: { properties: { board: { description: 'Id of the board' } }, required: ['board'] },
    create: {
      ...call,
      body: {
        query:
          'mutation ($board: ID!, $url: String!, $event: WebhookEventType!) { create_webhook(board_id: $board, url: $url, event: $event) { id board_id } }',
        variables: { board: '{{ board }}', url: '{{ webhook_url }}', event: '{{ event }}' },
      },
      id: '{{ response.body.data.create_webhook.id }}',
    },
    // The API does not tell a webhook's address, so only those in the ledger can be recognised.
    list: {
      ...call,
      body: {
        query: 'query ($board: ID!) { webhooks(board_id: $board) { id event } }',
        variables: { board: '{{ board }}' },
      },
      items: '{{ response.body.data.webhooks }}',
      events: '{{ [item.event] }}',
    },
    delete: {
      ...call,
      body: {
        query: 'mutation ($id: ID!) { delete_webhook(id: $id) { id } }',
        variables: { id: '{{ registration.id }}' },
      },
      gone_when: '{{ "not found" in (response.body | jsonify | lower) }}',
    },
    handshake: [handshakes.monday],
    delivery_id: '{{ body.event.triggerUuid }}',
  },
  unverified: ['webhook_trigger.event_name', 'webhook_trigger.delivery_id', 'webhook_trigger.delete.gone_when'],
}
