import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

export const woocommerce: ConnectorInput = {
  name: 'woocommerce',
  title: 'WooCommerce',
  description: 'Orders, products and customers of a shop',
  external_docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/',
  docs: [
    'https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks',
    'https://woocommerce.com/document/webhooks/',
  ],
  tags: ['commerce'],
  base_domain: '{{ connectorAuth.api_endpoint }}/wp-json/wc/v3/',
  auth_config: {
    basic_auth: {
      labels: { username: 'Consumer key', password: 'Consumer secret', api_endpoint: 'Address of the shop' },
      help: 'WooCommerce, Settings, Advanced, REST API; permissions Read/Write.',
    },
  },
  test_request: {
    endpoint: 'orders',
    query: { per_page: 1 },
    docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders',
  },
  pagination_config: { type: 'link_header', size_param: 'per_page', size: 100 },
  search_config: { action: 'list_products', field: 'search' },
  actions: [
    {
      name: 'list_orders',
      title: 'List orders',
      endpoint: 'orders',
      query: { status: '{{ status }}', after: '{{ after }}' },
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders',
      form: {
        properties: {
          status: {
            type: 'string',
            examples: ['pending', 'processing', 'on-hold', 'completed', 'cancelled', 'refunded', 'failed'],
            description: 'Shops may have further ones',
          },
          after: { type: 'string', description: 'Made after this, as ISO 8601' },
        },
      },
      paginated: true,
    },
    {
      name: 'update_order',
      title: 'Update an order',
      method: 'PUT',
      endpoint: 'orders/{{ order }}',
      body: { status: '{{ status }}', meta_data: '{{ meta_data }}' },
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#update-an-order',
      form: {
        properties: {
          order: { type: 'integer' },
          status: { type: 'string' },
          meta_data: { type: 'array', description: '[{"key": "invoice", "value": "R-1"}]' },
        },
        required: ['order'],
      },
    },
    {
      name: 'list_products',
      title: 'List products',
      endpoint: 'products',
      query: { search: '{{ search }}', sku: '{{ sku }}' },
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-products',
      form: { properties: { search: { type: 'string' }, sku: { type: 'string' } } },
      paginated: true,
    },
    {
      name: 'update_product',
      title: 'Update a product',
      method: 'PUT',
      endpoint: 'products/{{ product }}',
      // A quantity counts only where the stock is managed at all.
      body: {
        regular_price: '{{ regular_price }}',
        manage_stock: '{{ true if stock_quantity is defined and stock_quantity is not none else none }}',
        stock_quantity: '{{ stock_quantity }}',
        status: '{{ status }}',
      },
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#update-a-product',
      form: {
        properties: {
          product: { type: 'integer', ui: { search: true } },
          regular_price: { type: 'string', description: 'As 19.90' },
          stock_quantity: { type: 'integer' },
          status: { enum: ['draft', 'pending', 'private', 'publish'] },
        },
        required: ['product'],
      },
    },
    {
      name: 'create_customer',
      title: 'Create a customer',
      method: 'POST',
      endpoint: 'customers',
      body: {
        email: '{{ email }}',
        first_name: '{{ first_name }}',
        last_name: '{{ last_name }}',
        billing: '{{ billing }}',
      },
      docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#create-a-customer',
      form: {
        properties: {
          email: { type: 'string', format: 'email' },
          first_name: { type: 'string' },
          last_name: { type: 'string' },
          billing: { type: 'object' },
        },
        required: ['email'],
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks',
    events: [
      { name: 'order.created', title: 'Order created', sample: 'order.created' },
      ...['order.updated', 'order.deleted', 'product.created', 'product.updated', 'product.deleted'],
      ...['customer.created', 'customer.updated', 'customer.deleted', 'coupon.created', 'coupon.updated'],
    ],
    per_event: true,
    event_name: '{{ request.headers["x-wc-webhook-topic"] }}',
    create: {
      method: 'POST',
      endpoint: 'webhooks',
      body: {
        name: 'Hookline: {{ flow_name }}',
        topic: '{{ event }}',
        delivery_url: '{{ webhook_url }}',
        secret: '{{ signing_secret }}',
        status: 'active',
      },
    },
    list: {
      endpoint: 'webhooks',
      url: '{{ item.delivery_url }}',
      events: '{{ [item.topic] }}',
      active: '{{ item.status == "active" }}',
    },
    update: {
      method: 'PUT',
      endpoint: 'webhooks/{{ registration.id }}',
      body: { delivery_url: '{{ webhook_url }}', secret: '{{ signing_secret }}', status: 'active' },
    },
    rotate_secret: {
      method: 'PUT',
      endpoint: 'webhooks/{{ registration.id }}',
      body: { secret: '{{ signing_secret }}' },
    },
    resume: { method: 'PUT', endpoint: 'webhooks/{{ registration.id }}', body: { status: 'active' } },
    delete: { endpoint: 'webhooks/{{ registration.id }}', query: { force: true } },
    // The REST API's create sends a ping without a signature, which must get a 2xx.
    handshake: [
      {
        name: 'woocommerce_ping',
        when: { methods: ['POST'], headers: { 'x-wc-webhook-signature': false, 'x-wc-webhook-topic': false } },
        answer: {},
      },
    ],
    signature: signatures.woocommerce,
    delivery_id: { header: 'x-wc-webhook-delivery-id' },
  },
}
