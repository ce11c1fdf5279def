import type { ConnectorInput } from '../../src/connectors/connector.ts'
import type { JsonObject } from '../../src/flow/json.ts'
import { event, notFound } from './styles-rest.ts'
import { hmac, type VendorStyle } from './vendor.ts'

/** Styles of no vendor in particular: what is left when an API can do less than others. */

const simple = (
  name: string,
  url: string,
  trigger: NonNullable<ConnectorInput['webhook_trigger']>,
): ConnectorInput => ({
  name: `sim_${name}`,
  title: name,
  base_domain: `${url}/`,
  auth_config: { api_key: {} },
  webhook_trigger: trigger,
})

const hooksApi = {
  create: { method: 'POST', endpoint: 'hooks', body: { url: '{{ webhook_url }}', events: '{{ events }}' } },
  delete: { endpoint: 'hooks/{{ registration.id }}' },
} as const
const list = { endpoint: 'hooks', url: '{{ item.url }}', active: '{{ item.active }}' } as const

const hooksHandler: VendorStyle['handle'] = ({ method, path, body }, vendor) => {
  const id = path.split('/')[2]
  if (method === 'GET')
    return { body: vendor.live().map(({ id, url, events, active }) => ({ id, url, events, active })) }
  if (method === 'DELETE') return vendor.delete(id!) ? { status: 204 } : notFound
  const {
    url,
    events = [],
    headers = {},
  } = body as { url: string; events?: string[]; headers?: Record<string, string> }
  return { status: 201, body: { id: vendor.add({ url, events, headers }).id } }
}

const plain = {
  auth: { auth_type: 'api_key', auth_token: 'test' },
  input: (variant: number): JsonObject => ({ events: variant % 2 ? ['made'] : ['made', 'gone'] }),
}

/** Neither signs nor sends a header: the address is the token. */
export const pathStyle: VendorStyle = {
  ...plain,
  name: 'path',
  connector: (url) =>
    simple('path', url, { events: ['made', 'gone'], ...hooksApi, list, delivery_id: '{{ body.id }}' }),
  handle: hooksHandler,
  deliver: ({ id, name }) => ({ headers: {}, body: event(id, name) }),
}

/** Sends whatever header it was given. */
export const headerStyle: VendorStyle = {
  ...plain,
  name: 'header',
  connector: (url) =>
    simple('header', url, {
      events: ['made', 'gone'],
      sends_header: true,
      ...hooksApi,
      create: {
        ...hooksApi.create,
        body: { ...hooksApi.create.body, headers: { authorization: 'Bearer {{ webhook_token }}' } },
      },
      list,
      delivery_id: { header: 'x-event-id' },
    }),
  handle: hooksHandler,
  deliver: ({ id, name }) => ({ headers: { 'x-event-id': id }, body: event(id, name) }),
}

/** Tells nobody what it has: what is not written down here can't be found again. */
export const listlessStyle: VendorStyle = {
  ...plain,
  name: 'listless',
  unfindable: true,
  connector: (url) => simple('listless', url, { events: ['made', 'gone'], ...hooksApi, delivery_id: '{{ body.id }}' }),
  handle: hooksHandler,
  deliver: ({ id, name }) => ({ headers: {}, body: event(id, name) }),
}

/** Gives back the webhook there is instead of making a second one for the same address. */
export const upsertStyle: VendorStyle = {
  ...plain,
  name: 'upsert',
  connector: (url) =>
    simple('upsert', url, {
      events: ['made', 'gone'],
      ...hooksApi,
      create: { ...hooksApi.create, body: { ...hooksApi.create.body, secret: '{{ signing_secret }}' } },
      list,
      signature: { scheme: 'hmac', header: 'x-signature' },
      delivery_id: '{{ body.id }}',
    }),
  handle(request, vendor) {
    if (request.method !== 'POST') return hooksHandler(request, vendor)
    const { url, events, secret } = request.body as { url: string; events: string[]; secret: string }
    const known = vendor.live().find((hook) => hook.url === url)
    const hook = known ?? vendor.add({ url, events, secret })
    return { status: known ? 200 : 201, body: { id: hook.id } }
  },
  deliver({ id, name }, hook) {
    const body = event(id, name)
    return { headers: { 'x-signature': hmac(hook.secret ?? '', body) }, body }
  },
}

/** Has room for one webhook beside others' at most: the old one must go before the new one comes. */
export const crampedStyle: VendorStyle = {
  ...plain,
  name: 'cramped',
  connector: (url) =>
    simple('cramped', url, {
      events: ['made', 'gone'],
      ...hooksApi,
      list,
      max_webhooks: 2,
      delivery_id: '{{ body.id }}',
    }),
  handle(request, vendor) {
    const isFull = request.method === 'POST' && vendor.live().length >= 2
    return isFull ? { status: 400, body: { message: 'at most 2 webhooks' } } : hooksHandler(request, vendor)
  },
  deliver: ({ id, name }) => ({ headers: {}, body: event(id, name) }),
}

/** A vendor that keeps a list of what happened, and can be asked for it. */
export function rememberingStyle(happened: JsonObject[]): VendorStyle {
  const connector = (url: string): ConnectorInput => ({
    name: 'remembering',
    title: 'Remembering',
    base_domain: `${url}/`,
    auth_config: { api_key: {} },
    webhook_trigger: {
      events: ['made'],
      create: { method: 'POST', endpoint: 'hooks', body: { url: '{{ webhook_url }}' } },
      list: { endpoint: 'hooks', url: '{{ item.url }}' },
      delete: { endpoint: 'hooks/{{ registration.id }}' },
      backfill: {
        endpoint: 'events',
        query: { from: '{{ since }}', to: '{{ until }}' },
        id: '{{ item.id }}',
        payload: '{{ item }}',
      },
      delivery_id: '{{ body.id }}',
    },
  })
  return {
    name: 'remembering',
    connector,
    input: () => ({ events: ['made'] }),
    handle({ method, path, query, body }, vendor) {
      if (path === '/events') {
        const [from, to] = [Date.parse(query.get('from')!), Date.parse(query.get('to')!)]
        return { body: happened.filter(({ at }) => Number(at) >= from && Number(at) < to) }
      }
      const id = path.split('/')[2]
      if (method === 'GET') return { body: vendor.live().map(({ id, url }) => ({ id, url })) }
      if (method === 'DELETE') return vendor.delete(id!) ? { status: 204 } : { status: 404 }
      return { status: 201, body: { id: vendor.add({ url: String(body.url) }).id } }
    },
    deliver: ({ id }) => ({ headers: {}, body: JSON.stringify({ id }) }),
  }
}
