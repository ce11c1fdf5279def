import { calendly } from '../../src/connectors/calendly.ts'
import type { ConnectorInput } from '../../src/connectors/connector.ts'
import { github } from '../../src/connectors/github.ts'
import { gitlab } from '../../src/connectors/gitlab.ts'
import { stripe } from '../../src/connectors/stripe.ts'
import type { Json } from '../../src/flow/json.ts'
import { type Hook, hmac, newSecret, type VendorAnswer, type VendorRequest, type VendorStyle } from './vendor.ts'

/** The product's own connector, only at another address: what it says of the vendor is what is tried. */
export function at(connector: ConnectorInput, base_domain: string): ConnectorInput {
  const { image_url: _, ...rest } = structuredClone(connector)
  return {
    ...rest,
    name: `sim_${connector.name}`,
    base_domain,
    actions: [],
    search_config: undefined,
    test_request: undefined,
  }
}

export const event = (id: string, name: string) => JSON.stringify({ id, type: name, name })
export const notFound: VendorAnswer = { status: 404, body: { message: 'Not Found' } }
const strings = (value: Json | undefined) => (Array.isArray(value) ? value.map(String) : [])

/** https://docs.github.com/en/rest/repos/webhooks : one for each address and repository, 422 for a second one */
export const githubStyle: VendorStyle = {
  name: 'github',
  connector: (url) => at(github, `${url}/`),
  auth: { auth_type: 'api_key', auth_token: 'ghp_test' },
  input: (variant) => ({ owner: 'me', repository: 'it', events: variant % 2 ? ['push'] : ['push', 'issues'] }),
  handle(request, vendor) {
    const [, , , , what, number, part] = request.path.split('/')
    if (what !== 'hooks') return notFound
    const id = number === undefined ? undefined : `hook_${number}`
    const shown = ({ id, url, events, active }: Hook): Json => {
      const self = `${vendor.url}/repos/me/it/hooks/${id.replace('hook_', '')}`
      return {
        type: 'Repository',
        id: Number(id.replace('hook_', '')),
        name: 'web',
        active,
        events,
        config: { url, content_type: 'json', insecure_ssl: '0' },
        updated_at: '2019-06-03T00:57:16Z',
        created_at: '2019-06-03T00:57:16Z',
        url: self,
        test_url: `${self}/test`,
        ping_url: `${self}/pings`,
        deliveries_url: `${self}/deliveries`,
        last_response: { code: null, status: 'unused', message: null },
      }
    }
    if (request.method === 'GET') {
      // Pages of one, so that all of them must be read.
      const all = vendor.live()
      const page = Number(request.query.get('page') ?? '1')
      const next = `<${vendor.url}${request.path}?page=${page + 1}>; rel="next"`
      return { headers: page < all.length ? { link: next } : {}, body: all.slice(page - 1, page).map(shown) }
    }
    const config = (request.body.config ?? {}) as Record<string, string>
    if (request.method === 'POST' && id === undefined) {
      if (vendor.live().some((hook) => hook.url === config.url)) {
        return {
          status: 422,
          body: { message: 'Validation Failed', errors: [{ message: 'Hook already exists on this repository' }] },
        }
      }
      if (vendor.live().length >= Math.min(vendor.maxHooks, 20))
        return { status: 422, body: { message: 'The "push" event cannot have more than 20 hooks' } }
      const made = vendor.add({ url: config.url!, secret: config.secret ?? null, events: strings(request.body.events) })
      return { status: 201, body: shown(made) }
    }
    if (request.method === 'DELETE') return vendor.delete(id!) ? { status: 204 } : notFound
    if (part === 'pings') {
      if (vendor.find(id!) === undefined) return notFound
      // Sent once the call has been answered, to this webhook alone.
      setImmediate(() => void vendor.deliver({ id: `ping-${vendor.calls.length}`, name: 'ping' }))
      return { status: 204 }
    }
    const { url, secret } = request.body as Record<string, string>
    if (part === 'config')
      return vendor.change(id!, { url: url!, secret: secret! }) ? { body: { url: url! } } : notFound
    const hook = vendor.change(id!, {
      ...(config.url === undefined ? {} : { url: config.url, secret: config.secret ?? null }),
      ...(request.body.events === undefined ? {} : { events: strings(request.body.events) }),
      ...(request.body.active === undefined ? {} : { active: request.body.active === true }),
    })
    return hook === undefined ? notFound : { body: shown(hook) }
  },
  deliver({ id, name }, hook) {
    const body = event(id, name)
    const headers = {
      'x-github-event': name,
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${hmac(hook.secret ?? '', body)}`,
    }
    return { headers, body }
  },
}

/** https://docs.gitlab.com/api/project_webhooks/ : each webhook gives an event an id of its own */
export const gitlabStyle: VendorStyle = {
  name: 'gitlab',
  connector: (url) => at(gitlab, `${url}/api/v4/`),
  auth: { auth_type: 'api_key', auth_token: 'glpat' },
  input: (variant) => ({ project: '1', events: variant % 2 ? ['push_events'] : ['push_events', 'issues_events'] }),
  handle({ method, path, body }, vendor) {
    const [, , , , , , number, part] = path.split('/')
    const shown = ({ id, url, events, active }: Hook): Json => ({
      id: Number(id.replace('hook_', '')),
      url,
      name: null,
      description: null,
      created_at: '2012-10-12T17:04:47Z',
      project_id: 1,
      enable_ssl_verification: true,
      alert_status: active ? 'executable' : 'disabled',
      disabled_until: null,
      url_variables: [],
      push_events: events.includes('push_events'),
      issues_events: events.includes('issues_events'),
    })
    if (part === 'events') return { body: [] }
    if (number === undefined && method === 'GET') return { body: vendor.live().map(shown) }
    const names = Object.keys(body).filter((name) => name.endsWith('_events') && body[name] === true)
    if (number === undefined) {
      const made = vendor.add({ url: String(body.url), secret: String(body.token), events: names })
      return { status: 201, body: shown(made) }
    }
    const id = `hook_${number}`
    if (method === 'DELETE') return vendor.delete(id) ? { status: 204 } : notFound
    const hook = vendor.change(id, {
      url: String(body.url),
      secret: String(body.token),
      ...(names.length === 0 ? {} : { events: names }),
    })
    return hook === undefined ? notFound : { body: shown(hook) }
  },
  deliver({ id, name }, hook) {
    const headers = {
      'x-gitlab-event': 'Push Hook',
      'x-gitlab-token': hook.secret ?? '',
      'idempotency-key': `${hook.id}-${id}`,
    }
    return { headers, body: JSON.stringify({ object_kind: name.replace('_events', ''), checkout_sha: id }) }
  },
}

/** https://developer.calendly.com/api-docs : ids are addresses, 409 for a second one at the same address */
export const calendlyStyle: VendorStyle = {
  name: 'calendly',
  connector: (url) => at(calendly, `${url}/`),
  auth: { auth_type: 'api_key', auth_token: 'test' },
  input: (variant) => ({
    events: variant % 2 ? ['invitee.created'] : ['invitee.created', 'invitee.canceled'],
    scope: 'user',
  }),
  handle(request, vendor) {
    const { method, path, body } = request
    if (path === '/users/me')
      return {
        body: { resource: { uri: `${vendor.url}/users/1`, current_organization: `${vendor.url}/organizations/1` } },
      }
    const uri = (id: string) => `${vendor.url}/webhook_subscriptions/${id}`
    const at = '2019-08-24T14:15:22.123456Z'
    const shown = (hook: Hook) => ({
      uri: uri(hook.id),
      callback_url: hook.url,
      created_at: at,
      updated_at: at,
      retry_started_at: null,
      state: hook.active ? 'active' : 'disabled',
      events: hook.events,
      scope: 'user',
      organization: `${vendor.url}/organizations/1`,
      user: `${vendor.url}/users/1`,
      creator: `${vendor.url}/users/1`,
    })
    const id = path.split('/')[2]
    if (method === 'GET') {
      const collection = vendor.live().map(shown)
      const pagination = { count: collection.length, next_page: null, next_page_token: null }
      return { body: { collection, pagination } }
    }
    if (method === 'DELETE') return vendor.delete(id!) ? { status: 204 } : notFound
    if (vendor.live().some((hook) => hook.url === body.url))
      return { status: 409, body: { title: 'Already Exists', message: 'Hook with this url already exists' } }
    const made = vendor.add({ url: String(body.url), events: strings(body.events), secret: String(body.signing_key) })
    return { status: 201, body: { resource: shown(made) } }
  },
  deliver({ id, name }, hook) {
    const body = JSON.stringify({ event: name, created_at: id, payload: { uri: id } })
    const at = Math.floor(Date.now() / 1000)
    return { headers: { 'calendly-webhook-signature': `t=${at},v1=${hmac(hook.secret ?? '', `${at}.${body}`)}` }, body }
  },
}

/** https://docs.stripe.com/api/webhook_endpoints : forms, a secret that is told once, idempotency keys, 16 at most */
export function stripeStyle(): VendorStyle {
  const replays = new Map<string, VendorAnswer>()
  const create = (request: VendorRequest, vendor: Parameters<VendorStyle['handle']>[1]): VendorAnswer => {
    if (vendor.live().length >= 16)
      return { status: 400, body: { error: { message: 'You have reached the maximum of 16 test webhook endpoints' } } }
    const made = vendor.add({
      url: String(request.body.url),
      events: strings(request.body.enabled_events),
      secret: `whsec_${newSecret()}`,
    })
    return { body: { ...stripeJson(made), secret: made.secret } }
  }
  return {
    name: 'stripe',
    connector: (url) => at(stripe, `${url}/v1/`),
    auth: { auth_type: 'api_key', auth_token: 'sk_test' },
    input: (variant) => ({ events: variant % 2 ? ['invoice.paid'] : ['invoice.paid', 'customer.created'] }),
    handle(request, vendor) {
      const id = request.path.split('/')[3]
      if (request.path === '/v1/events') return { body: { data: [], has_more: false } }
      if (request.method === 'GET')
        return { body: { object: 'list', url: request.path, data: vendor.live().map(stripeJson), has_more: false } }
      if (request.method === 'DELETE')
        return vendor.delete(id!)
          ? { body: { id: id!, object: 'webhook_endpoint', deleted: true } }
          : { status: 404, body: { error: { message: 'No such webhook endpoint' } } }
      if (id !== undefined) {
        const { url, disabled } = request.body
        const hook = vendor.change(id, {
          ...(url === undefined ? {} : { url: String(url) }),
          ...(disabled === 'false' ? { active: true } : {}),
        })
        return hook === undefined ? notFound : { body: stripeJson(hook) }
      }
      const key = String(request.headers['idempotency-key'] ?? '')
      const answer = replays.get(key) ?? create(request, vendor)
      if (key !== '') replays.set(key, answer)
      return answer
    },
    deliver({ id, name }, hook) {
      const body = event(id, name)
      const at = Math.floor(Date.now() / 1000)
      return { headers: { 'stripe-signature': `t=${at},v1=${hmac(hook.secret ?? '', `${at}.${body}`)}` }, body }
    },
  }
}

function stripeJson({ id, url, events, active }: Hook) {
  const status = active ? 'enabled' : 'disabled'
  const rest = { created: 1_680_643_297, livemode: false, metadata: {} }
  return { id, object: 'webhook_endpoint', url, enabled_events: events, status, ...rest }
}
