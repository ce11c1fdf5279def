import type { ConnectorInput } from './connector.ts'
import { handshakes } from './presets/handshakes.ts'
import { signatures } from './presets/signatures.ts'

export const notion: ConnectorInput = {
  name: 'notion',
  title: 'Notion',
  description: 'Pages, databases and blocks',
  external_docs: 'https://developers.notion.com/reference/intro',
  docs: [
    'https://developers.notion.com/reference/webhooks',
    'https://developers.notion.com/reference/webhooks-events-delivery',
  ],
  tags: ['documents'],
  base_domain: 'https://api.notion.com/v1/',
  headers: { 'notion-version': '2022-06-28' },
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    api_key: { labels: { auth_token: 'Internal integration secret' } },
    oauth2: {
      authorize_url: 'https://api.notion.com/v1/oauth/authorize',
      authorize_params: { owner: 'user' },
      token_url: 'https://api.notion.com/v1/oauth/token',
      client_authentication: 'basic',
      refreshes: false,
      pkce: false,
    },
  },
  test_request: { endpoint: 'users/me' },
  pagination_config: {
    type: 'cursor',
    in: 'body',
    cursor_param: 'start_cursor',
    cursor: '{{ response.body.next_cursor if response.body.has_more else none }}',
    size_param: 'page_size',
    size: 100,
  },
  search_config: { action: 'search', field: 'query', label: '{{ item.url }}' },
  rate_limit: { requests: 3, per_seconds: 1 },
  actions: [
    {
      name: 'search',
      title: 'Search pages and databases',
      method: 'POST',
      endpoint: 'search',
      body: { query: '{{ query }}' },
      form: { properties: { query: { type: 'string' } } },
      output: '{{ response.body.results }}',
      paginated: true,
    },
    {
      name: 'query_database',
      title: 'Query a database',
      method: 'POST',
      endpoint: 'databases/{{ database }}/query',
      body: { filter: '{{ filter }}', sorts: '{{ sorts }}' },
      form: {
        properties: { database: {}, filter: { type: 'object' }, sorts: { type: 'array' } },
        required: ['database'],
      },
      output: '{{ response.body.results }}',
      paginated: true,
    },
    {
      name: 'get_page',
      title: 'Get a page',
      endpoint: 'pages/{{ page }}',
      form: { properties: { page: {} }, required: ['page'] },
    },
    {
      name: 'create_page',
      title: 'Create a page in a database',
      method: 'POST',
      endpoint: 'pages',
      body: { parent: { database_id: '{{ database }}' }, properties: '{{ properties }}', children: '{{ children }}' },
      form: {
        properties: { database: {}, properties: { type: 'object' }, children: { type: 'array' } },
        required: ['database', 'properties'],
      },
    },
    {
      name: 'update_page',
      title: 'Update a page',
      method: 'PATCH',
      endpoint: 'pages/{{ page }}',
      body: { properties: '{{ properties }}', archived: '{{ archived }}' },
      form: {
        properties: { page: {}, properties: { type: 'object' }, archived: { type: 'boolean' } },
        required: ['page'],
      },
    },
    {
      name: 'append_blocks',
      title: 'Append blocks to a page',
      method: 'PATCH',
      endpoint: 'blocks/{{ block }}/children',
      body: { children: '{{ children }}' },
      form: {
        properties: { block: { description: 'Id of the page or block' }, children: { type: 'array' } },
        required: ['block', 'children'],
      },
    },
  ],
  webhook_trigger: {
    setup: 'manual',
    instructions:
      'Open your integration at notion.so/my-integrations, tab Webhooks, and create a subscription with the address below. Notion sends a verification token; Hookline keeps it and shows it here: paste it into "Verify subscription".',
    docs: 'https://developers.notion.com/reference/webhooks',
    events: [
      { name: 'page.created', title: 'Page created', sample: 'page.created' },
      ...['page.content_updated', 'page.properties_updated', 'page.deleted', 'page.undeleted', 'page.moved'],
      ...[
        'database.created',
        'database.content_updated',
        'database.schema_updated',
        'comment.created',
        'comment.updated',
      ],
    ],
    events_filtered_by: 'hookline',
    event_name: '{{ body.type }}',
    single: 'app',
    handshake: [handshakes.notion],
    signature: signatures.notion,
    signing_secret: { from: 'handshake' },
    delivery_id: '{{ body.id }}',
  },
}
