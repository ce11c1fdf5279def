import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

/** https://shopify.dev/docs/api/admin-graphql/latest/enums/WebhookSubscriptionTopic */
const events = [
  { name: 'ORDERS_CREATE', title: 'Order created', sample: 'orders_create' },
  { name: 'ORDERS_PAID', title: 'Order paid' },
  { name: 'ORDERS_UPDATED', title: 'Order changed' },
  { name: 'ORDERS_EDITED', title: 'Items of an order edited' },
  { name: 'ORDERS_CANCELLED', title: 'Order cancelled' },
  { name: 'ORDERS_FULFILLED', title: 'Order fulfilled' },
  { name: 'ORDERS_PARTIALLY_FULFILLED', title: 'Order fulfilled in part' },
  { name: 'ORDERS_DELETE', title: 'Order deleted' },
  { name: 'ORDER_TRANSACTIONS_CREATE', title: 'Payment of an order' },
  { name: 'REFUNDS_CREATE', title: 'Refund created' },
  { name: 'RETURNS_REQUEST', title: 'Return requested' },
  { name: 'RETURNS_APPROVE', title: 'Return approved' },
  { name: 'DRAFT_ORDERS_CREATE', title: 'Draft order created' },
  { name: 'DRAFT_ORDERS_UPDATE', title: 'Draft order changed' },
  { name: 'FULFILLMENTS_CREATE', title: 'Fulfilment created' },
  { name: 'FULFILLMENTS_UPDATE', title: 'Fulfilment changed' },
  { name: 'PRODUCTS_CREATE', title: 'Product created', sample: 'products_create' },
  { name: 'PRODUCTS_UPDATE', title: 'Product changed', sample: 'products_update' },
  { name: 'PRODUCTS_DELETE', title: 'Product deleted', sample: 'products_delete' },
  { name: 'COLLECTIONS_CREATE', title: 'Collection created' },
  { name: 'COLLECTIONS_UPDATE', title: 'Collection changed' },
  { name: 'COLLECTIONS_DELETE', title: 'Collection deleted' },
  { name: 'CUSTOMERS_CREATE', title: 'Customer created', sample: 'customers_create' },
  { name: 'CUSTOMERS_UPDATE', title: 'Customer changed' },
  { name: 'CUSTOMERS_DELETE', title: 'Customer deleted' },
  { name: 'CARTS_CREATE', title: 'Cart created' },
  { name: 'CARTS_UPDATE', title: 'Cart changed' },
  { name: 'CHECKOUTS_CREATE', title: 'Checkout begun' },
  { name: 'CHECKOUTS_UPDATE', title: 'Checkout changed' },
  { name: 'INVENTORY_ITEMS_UPDATE', title: 'Inventory item changed' },
  { name: 'INVENTORY_LEVELS_UPDATE', title: 'Stock changed' },
  { name: 'VARIANTS_IN_STOCK', title: 'Variant in stock again' },
  { name: 'VARIANTS_OUT_OF_STOCK', title: 'Variant out of stock' },
  { name: 'DISPUTES_CREATE', title: 'Dispute opened' },
  { name: 'SUBSCRIPTION_CONTRACTS_CREATE', title: 'Subscription begun' },
  { name: 'SUBSCRIPTION_BILLING_ATTEMPTS_SUCCESS', title: 'Subscription billed' },
  { name: 'SUBSCRIPTION_BILLING_ATTEMPTS_FAILURE', title: 'Billing of a subscription failed' },
  { name: 'THEMES_PUBLISH', title: 'Theme published' },
  { name: 'SHOP_UPDATE', title: 'Settings of the shop changed' },
  { name: 'APP_UNINSTALLED', title: 'App uninstalled' },
]

export const shopify: ConnectorInput = {
  name: 'shopify',
  title: 'Shopify',
  description: 'Products, orders and customers of a shop',
  external_docs: 'https://shopify.dev/docs/api/admin-graphql',
  docs: [
    'https://shopify.dev/docs/api/admin-graphql/latest/mutations/webhookSubscriptionCreate',
    'https://shopify.dev/docs/apps/build/webhooks/subscribe/https',
    'https://shopify.dev/docs/api/webhooks',
    'https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant',
  ],
  tags: ['commerce'],
  base_domain: 'https://{{ connectorAuth.user_input.shop }}.myshopify.com/admin/api/2026-10/',
  auth_config: {
    api_key: {
      header: 'x-shopify-access-token',
      format: '{{ token }}',
      labels: { auth_token: 'Admin API access token' },
      help: 'Of a custom app that was made in the shop’s admin, which goes for old ones only. The client secret of the same app signs webhooks.',
      form: {
        properties: {
          shop: { type: 'string', description: 'The part before .myshopify.com' },
          client_secret: { type: 'string', writeOnly: true, ui: { secret: true } },
        },
        required: ['shop', 'client_secret'],
      },
    },
    oauth2: {
      title: 'App of the Dev Dashboard',
      help: 'For an app of your own organization that is installed in your own shop: its client id and client secret. The secret signs webhooks too.',
      docs: 'https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant',
      grant: 'client_credentials',
      token_url: 'https://{{ user_input.shop }}.myshopify.com/admin/oauth/access_token',
      header: 'x-shopify-access-token',
      format: '{{ token }}',
      form: {
        properties: { shop: { type: 'string', description: 'The part before .myshopify.com' } },
        required: ['shop'],
      },
    },
  },
  test_request: { method: 'POST', endpoint: 'graphql.json', body: { query: '{ shop { name } }' } },
  rate_limit: { requests: 2, per_seconds: 1 },
  failure: { when: '{{ response.body.errors }}', message: '{{ response.body.errors[0].message }}' },
  actions: [
    {
      name: 'list_orders',
      title: 'List orders',
      method: 'POST',
      endpoint: 'graphql.json',
      body: {
        query:
          'query ($query: String, $first: Int!, $after: String) { orders(first: $first, after: $after, query: $query) { nodes { id name createdAt displayFinancialStatus totalPriceSet { shopMoney { amount currencyCode } } } pageInfo { hasNextPage endCursor } } }',
        variables: { query: '{{ search }}', first: 100 },
      },
      docs: 'https://shopify.dev/docs/api/admin-graphql/latest/queries/orders',
      form: {
        properties: { search: { type: 'string', description: 'Shopify search syntax, as created_at:>2026-01-01' } },
      },
      output: '{{ response.body.data.orders.nodes }}',
      paginated: true,
      pagination: {
        type: 'cursor',
        in: 'body',
        cursor_param: 'variables.after',
        cursor:
          '{{ response.body.data.orders.pageInfo.endCursor if response.body.data.orders.pageInfo.hasNextPage else none }}',
      },
    },
    {
      name: 'list_products',
      title: 'List products',
      method: 'POST',
      endpoint: 'graphql.json',
      body: {
        query:
          'query ($query: String, $first: Int!, $after: String) { products(first: $first, after: $after, query: $query) { nodes { id title handle status vendor productType totalInventory variants(first: 20) { nodes { id sku price inventoryQuantity } } } pageInfo { hasNextPage endCursor } } }',
        variables: { query: '{{ search }}', first: 50 },
      },
      docs: 'https://shopify.dev/docs/api/admin-graphql/latest/queries/products',
      form: { properties: { search: { type: 'string', description: 'Shopify search syntax, as sku:ABC-1' } } },
      output: '{{ response.body.data.products.nodes }}',
      paginated: true,
      pagination: {
        type: 'cursor',
        in: 'body',
        cursor_param: 'variables.after',
        cursor:
          '{{ response.body.data.products.pageInfo.endCursor if response.body.data.products.pageInfo.hasNextPage else none }}',
      },
    },
    {
      name: 'create_customer',
      title: 'Create a customer',
      method: 'POST',
      endpoint: 'graphql.json',
      body: {
        query:
          'mutation ($input: CustomerInput!) { customerCreate(input: $input) { customer { id email } userErrors { field message } } }',
        variables: {
          input: {
            email: '{{ email }}',
            firstName: '{{ first_name }}',
            lastName: '{{ last_name }}',
            tags: '{{ tags }}',
          },
        },
      },
      failure: {
        when: '{{ response.body.errors or response.body.data.customerCreate.userErrors }}',
        message: '{{ (response.body.errors or response.body.data.customerCreate.userErrors)[0].message }}',
      },
      docs: 'https://shopify.dev/docs/api/admin-graphql/latest/mutations/customerCreate',
      form: {
        properties: {
          email: { type: 'string', format: 'email' },
          first_name: { type: 'string' },
          last_name: { type: 'string' },
          tags: { type: 'array' },
        },
        required: ['email'],
      },
      output: '{{ response.body.data.customerCreate.customer }}',
    },
    {
      name: 'graphql',
      title: 'Run any GraphQL request',
      method: 'POST',
      endpoint: 'graphql.json',
      body: { query: '{{ query }}', variables: '{{ variables }}' },
      docs: 'https://shopify.dev/docs/api/admin-graphql',
      form: {
        properties: { query: { type: 'string', ui: { multiline: true } }, variables: { type: 'object' } },
        required: ['query'],
      },
      output: '{{ response.body.data }}',
    },
  ],
  webhook_trigger: {
    docs: 'https://shopify.dev/docs/api/admin-graphql/latest/enums/WebhookSubscriptionTopic',
    events,
    per_event: true,
    event_name: '{{ request.headers["x-shopify-topic"] | replace("/", "_") | upper }}',
    create: {
      method: 'POST',
      endpoint: 'graphql.json',
      body: {
        query:
          'mutation ($topic: WebhookSubscriptionTopic!, $webhook: WebhookSubscriptionInput!) { webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhook) { webhookSubscription { id } userErrors { field message } } }',
        variables: { topic: '{{ event }}', webhook: { uri: '{{ webhook_url }}', format: 'JSON' } },
      },
      failure: {
        when: '{{ response.body.errors or response.body.data.webhookSubscriptionCreate.userErrors }}',
        message: '{{ (response.body.errors or response.body.data.webhookSubscriptionCreate.userErrors)[0].message }}',
      },
      id: '{{ response.body.data.webhookSubscriptionCreate.webhookSubscription.id }}',
    },
    list: {
      method: 'POST',
      endpoint: 'graphql.json',
      body: { query: '{ webhookSubscriptions(first: 250) { nodes { id topic uri } } }' },
      items: '{{ response.body.data.webhookSubscriptions.nodes }}',
      url: '{{ item.uri }}',
      events: '{{ [item.topic] }}',
    },
    delete: {
      method: 'POST',
      endpoint: 'graphql.json',
      body: {
        query:
          'mutation ($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } } }',
        variables: { id: '{{ registration.id }}' },
      },
      gone_when: '{{ "does not exist" in (response.body | jsonify) }}',
    },
    signature: signatures.shopify,
    signing_secret: { from: 'auth', value: '{{ connectorAuth.user_input.client_secret }}' },
    // One event may be of several topics, and about several things.
    delivery_id:
      '{{ request.headers["x-shopify-event-id"] ~ ":" ~ request.headers["x-shopify-topic"] ~ ":" ~ (body.admin_graphql_api_id | default(body.id | default(""))) }}',
  },
}
