import { airtable } from '../../src/connectors/airtable.ts'
import { microsoft_graph } from '../../src/connectors/microsoft-graph.ts'
import type { Json } from '../../src/flow/json.ts'
import { at, notFound } from './styles-rest.ts'
import { type Hook, hmac, newSecret, type VendorStyle } from './vendor.ts'

/** Vendors that end a webhook by themselves unless it is renewed. */

/** https://learn.microsoft.com/en-us/graph/api/subscription-post-subscriptions : expires, is renewed, asks the address first */
export const graphStyle: VendorStyle = {
  name: 'microsoft-graph',
  connector: (url) => at(microsoft_graph, `${url}/v1.0/`),
  auth: { auth_type: 'api_key', auth_token: 'test' },
  input: (variant) => ({ resource: variant % 2 ? 'me/events' : 'me/messages', events: ['created'] }),
  async handle(request, vendor) {
    const { method, path, body } = request
    const id = path.split('/')[3]
    const shown = (hook: Hook): Json => ({
      id: hook.id,
      notificationUrl: hook.url,
      changeType: hook.events.join(','),
      resource: hook.place,
      expirationDateTime: hook.expiresAt?.toISOString() ?? null,
    })
    if (method === 'GET') return { body: { value: vendor.live().map(shown) } }
    if (method === 'DELETE')
      return vendor.delete(id!)
        ? { status: 204 }
        : { status: 404, body: { error: { code: 'ResourceNotFound', message: 'The object was not found.' } } }
    const expiresAt = new Date(String(body.expirationDateTime))
    const longest = new Date(vendor.now().getTime() + 253_800_000)
    if (!(expiresAt <= longest))
      return {
        status: 400,
        body: {
          error: {
            code: 'ValidationError',
            message: 'Subscription expiration can only be 4230 minutes in the future.',
          },
        },
      }
    if (method === 'PATCH') {
      const hook = vendor.change(id!, { expiresAt })
      return hook === undefined
        ? { status: 404, body: { error: { message: 'The object was not found.' } } }
        : { body: shown(hook) }
    }
    const token = `Validation: Testing client application reachability ${newSecret()}`
    const answer = await vendor.probe(`${String(body.notificationUrl)}?validationToken=${encodeURIComponent(token)}`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
    })
    if (answer?.status !== 200 || (await answer.text()) !== token)
      return { status: 400, body: { error: { message: 'Subscription validation request failed.' } } }
    const made = vendor.add({
      url: String(body.notificationUrl),
      events: String(body.changeType).split(','),
      place: String(body.resource),
      secret: String(body.clientState),
      expiresAt,
    })
    return { status: 201, body: shown(made) }
  },
  deliver({ id, name }, hook) {
    return {
      headers: {},
      body: JSON.stringify({
        value: [{ changeType: name, clientState: hook.secret, resource: id, subscriptionId: 'x' }],
      }),
    }
  },
}

/** https://airtable.com/developers/web/api/create-a-webhook : seven days, refreshed, the secret is told once, ten at most */
export const airtableStyle: VendorStyle = {
  name: 'airtable',
  connector: (url) => at(airtable, `${url}/v0/`),
  auth: { auth_type: 'api_key', auth_token: 'pat' },
  input: (variant) => ({ base: 'app1', events: variant % 2 ? ['tableData'] : ['tableData', 'tableFields'] }),
  handle(request, vendor) {
    const [, , , , , id, action] = request.path.split('/')
    const life = () => new Date(vendor.now().getTime() + 7 * 86_400_000)
    const shown = (hook: Hook): Json => ({
      id: hook.id,
      notificationUrl: hook.url,
      areNotificationsEnabled: hook.active,
      isHookEnabled: true,
      cursorForNextPayload: 1,
      lastSuccessfulNotificationTime: null,
      lastNotificationResult: null,
      expirationTime: hook.expiresAt?.toISOString() ?? null,
      specification: JSON.parse(hook.place || '{"options":{"filters":{"dataTypes":["tableData"]}}}'),
    })
    if (request.method === 'GET') return { body: { webhooks: vendor.live().map(shown) } }
    if (request.method === 'DELETE') return vendor.delete(id!) ? { body: {} } : notFound
    if (action === 'refresh')
      return vendor.change(id!, { expiresAt: life() }) ? { body: { expirationTime: life().toISOString() } } : notFound
    if (action === 'enableNotifications') return vendor.change(id!, { active: true }) ? { body: {} } : notFound
    if (vendor.live().length >= 10)
      return { status: 422, body: { error: { type: 'TOO_MANY_WEBHOOKS_IN_BASE', message: 'Too many webhooks' } } }
    const secret = Buffer.from(newSecret()).toString('base64')
    // It is called for every change; what of them matters stands in the specification.
    const place = JSON.stringify(request.body.specification)
    const made = vendor.add({ url: String(request.body.notificationUrl), secret, expiresAt: life(), place })
    return { body: { id: made.id, macSecretBase64: secret, expirationTime: life().toISOString() } }
  },
  deliver({ id }, hook) {
    const body = JSON.stringify({ base: { id: 'app1' }, webhook: { id: 'one' }, timestamp: id })
    return {
      headers: { 'x-airtable-content-mac': `hmac-sha256=${hmac(Buffer.from(hook.secret ?? '', 'base64'), body)}` },
      body,
    }
  },
}
