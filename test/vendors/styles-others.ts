import { asana } from '../../src/connectors/asana.ts'
import { monday } from '../../src/connectors/monday.ts'
import { telegram } from '../../src/connectors/telegram.ts'
import { trello } from '../../src/connectors/trello.ts'
import { twilio } from '../../src/connectors/twilio.ts'
import { whatsapp } from '../../src/connectors/whatsapp.ts'
import { at, notFound } from './styles-rest.ts'
import { type Hook, hmac, newSecret, type VendorStyle } from './vendor.ts'

/** https://core.telegram.org/bots/api#setwebhook : one for each bot; who sets it replaces the former one */
export const telegramStyle: VendorStyle = {
  name: 'telegram',
  single: true,
  connector: (url) => at(telegram, `${url}/`),
  auth: { auth_type: 'api_key', auth_token: 'bot1' },
  input: (variant) => ({ events: variant % 2 ? ['message'] : ['message', 'poll_answer'] }),
  handle(request, vendor) {
    const [hook] = vendor.live()
    if (request.path.endsWith('getWebhookInfo'))
      return { body: { ok: true, result: { url: hook?.url ?? '', allowed_updates: hook?.events ?? [] } } }
    if (request.path.endsWith('deleteWebhook')) {
      if (hook !== undefined) vendor.delete(hook.id)
      return { body: { ok: true, result: true } }
    }
    if (hook !== undefined) vendor.delete(hook.id)
    vendor.add({
      url: String(request.body.url),
      secret: String(request.body.secret_token),
      events: (request.body.allowed_updates as string[]) ?? [],
    })
    return { body: { ok: true, result: true, description: 'Webhook was set' } }
  },
  deliver({ id, name }, hook) {
    return {
      headers: { 'x-telegram-bot-api-secret-token': hook.secret ?? '' },
      body: JSON.stringify({ update_id: id, [name]: { text: 'hi' } }),
    }
  },
}

/** https://developers.asana.com/docs/webhooks-guide#the-webhook-handshake : the secret comes in a request made during create */
export const asanaStyle: VendorStyle = {
  name: 'asana',
  connector: (url) => at(asana, `${url}/api/1.0/`),
  auth: { auth_type: 'api_key', auth_token: 'test' },
  input: (variant) => ({ workspace: 'w1', resource: variant % 2 ? 'p1' : 'p2', events: ['task.added'] }),
  async handle(request, vendor) {
    const id = request.path.split('/')[4]
    const shown = (hook: Hook) => ({
      gid: hook.id,
      target: hook.url,
      active: hook.active,
      resource: { gid: hook.place },
    })
    if (request.method === 'GET') {
      const resource = request.query.get('resource')
      return {
        body: {
          data: vendor
            .live()
            .filter((hook) => hook.place === resource)
            .map(shown),
        },
      }
    }
    if (request.method === 'DELETE') return vendor.delete(id!) ? { body: { data: {} } } : notFound
    const { target, resource } = request.body.data as Record<string, string>
    const secret = newSecret()
    const answer = await vendor.probe(target!, { method: 'POST', headers: { 'x-hook-secret': secret } })
    if (answer?.status !== 200 || answer.headers.get('x-hook-secret') !== secret) {
      return {
        status: 400,
        body: { errors: [{ message: 'The remote server did not respond with the handshake secret.' }] },
      }
    }
    const made = vendor.add({ url: target!, place: resource!, secret })
    return { status: 201, body: { data: shown(made), 'X-Hook-Secret': secret } }
  },
  deliver({ id }, hook) {
    const body = JSON.stringify({ events: [{ action: 'added', resource: { gid: id, resource_type: 'task' } }] })
    return { headers: { 'x-hook-signature': hmac(hook.secret ?? '', body) }, body }
  },
}

/** https://developer.monday.com/api-reference/reference/webhooks : GraphQL, a webhook for each event, a list without addresses */
export const mondayStyle: VendorStyle = {
  name: 'monday',
  unfindable: true,
  perEvent: true,
  connector: (url) => at(monday, `${url}/`),
  auth: { auth_type: 'api_key', auth_token: 'test' },
  input: (variant) => ({ board: '1', events: variant % 2 ? ['create_item'] : ['create_item', 'change_name'] }),
  async handle(request, vendor) {
    const { query, variables = {} } = request.body as { query: string; variables?: Record<string, string> }
    if (query.startsWith('query'))
      return { body: { data: { webhooks: vendor.live().map(({ id, events }) => ({ id, event: events[0] ?? '' })) } } }
    if (query.includes('delete_webhook')) {
      return vendor.delete(variables.id!)
        ? { body: { data: { delete_webhook: { id: variables.id! } } } }
        : { body: { errors: [{ message: 'Webhook not found' }] } }
    }
    const challenge = newSecret()
    const answer = await vendor.probe(variables.url!, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ challenge }),
    })
    const echoed = answer?.ok ? ((await answer.json()) as { challenge?: string }).challenge : undefined
    if (echoed !== challenge) return { body: { errors: [{ message: 'Failed URL verification' }] } }
    const made = vendor.add({ url: variables.url!, events: [variables.event!], place: variables.board! })
    return { body: { data: { create_webhook: { id: made.id, board_id: variables.board! } } } }
  },
  deliver({ id, name }) {
    return { headers: {}, body: JSON.stringify({ event: { type: name, triggerUuid: id } }) }
  },
}

/** https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/ : HEAD first, the address is signed, disabled after failures */
export const trelloStyle: VendorStyle = {
  name: 'trello',
  connector: (url) => at(trello, `${url}/1/`),
  auth: { auth_type: 'api_key', auth_token: 'tok', user_input: { key: 'k', secret: 'app secret' } },
  input: (variant) => ({ board: variant % 2 ? 'b1' : 'b2', events: ['updateCard'] }),
  async handle(request, vendor) {
    const { method, path, body } = request
    const id = path.split('/')[3]
    const shown = (hook: Hook) => ({ id: hook.id, callbackURL: hook.url, idModel: hook.place, active: hook.active })
    if (method === 'GET') return { body: vendor.live().map(shown) }
    if (method === 'DELETE') return vendor.delete(id!) ? { body: {} } : notFound
    if (method === 'PUT') {
      const hook = vendor.change(id!, {
        ...(body.callbackURL === undefined ? {} : { url: String(body.callbackURL) }),
        ...(body.active === undefined ? {} : { active: true }),
      })
      return hook === undefined ? notFound : { body: shown(hook) }
    }
    const url = String(body.callbackURL)
    const answer = await vendor.probe(url, { method: 'HEAD' })
    if (answer?.status !== 200) return { status: 400, body: 'URL (callbackURL) did not return 200 status code' }
    if (vendor.live().some((hook) => hook.url === url && hook.place === body.idModel))
      return { status: 400, body: 'A webhook with that callback, model, and token already exists' }
    return { body: shown(vendor.add({ url, place: String(body.idModel) })) }
  },
  deliver({ id, name }, hook) {
    const body = JSON.stringify({ action: { id, type: name } })
    return { headers: { 'x-trello-webhook': hmac('app secret', body + hook.url, 'base64', 'sha1') }, body }
  },
}

/** https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource : the address is a setting of the number */
export const twilioStyle: VendorStyle = {
  name: 'twilio',
  single: true,
  connector: (url) => at(twilio, `${url}/2010-04-01/`),
  auth: { auth_type: 'basic_auth', username: 'AC1', password: 'token' },
  input: () => ({ phone_number_sid: 'PN1', events: ['incoming_message'] }),
  handle(request, vendor) {
    const number = vendor.hooks.get('PN1') ?? vendor.add({ id: 'PN1', url: '' })
    if (request.method === 'POST' && request.body.SmsUrl !== undefined)
      vendor.change('PN1', { url: String(request.body.SmsUrl) })
    return { body: { sid: 'PN1', sms_url: number.url, voice_url: '' } }
  },
  deliver({ id }, hook) {
    const params: Record<string, string> = { MessageSid: id, Body: 'hi' }
    const sorted = Object.keys(params)
      .sort()
      .map((name) => name + params[name])
      .join('')
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'i-twilio-idempotency-token': id,
      'x-twilio-signature': hmac('token', hook.url + sorted, 'base64', 'sha1'),
    }
    return { headers, body: new URLSearchParams(params).toString() }
  },
}

/** https://developers.facebook.com/docs/graph-api/reference/application/subscriptions : one for the app, verified with GET */
export const metaStyle: VendorStyle = {
  name: 'whatsapp',
  single: true,
  connector: (url) => at(whatsapp, `${url}/v22.0/`),
  auth: { auth_type: 'api_key', auth_token: 't', user_input: { app_id: '1', app_secret: 'app secret' } },
  input: (variant) => ({ events: variant % 2 ? ['messages'] : ['messages', 'account_update'] }),
  async handle(request, vendor) {
    const [hook] = vendor.live()
    const { method } = request
    if (method === 'GET')
      return {
        body: {
          data:
            hook === undefined
              ? []
              : [
                  {
                    object: 'whatsapp_business_account',
                    callback_url: hook.url,
                    active: true,
                    fields: hook.events.map((name) => ({ name })),
                  },
                ],
        },
      }
    if (method === 'DELETE') {
      if (hook !== undefined) vendor.delete(hook.id)
      return { body: { success: true } }
    }
    const { callback_url, verify_token, fields } = request.body as Record<string, string>
    const query = new URLSearchParams({
      'hub.mode': 'subscribe',
      'hub.challenge': '1158201444',
      'hub.verify_token': verify_token!,
    })
    const answer = await vendor.probe(`${callback_url}?${query}`, { method: 'GET' })
    if (answer === undefined || (await answer.text()) !== '1158201444')
      return { status: 400, body: { error: { message: '(#2200) Callback verification failed' } } }
    if (hook !== undefined) vendor.delete(hook.id)
    vendor.add({ url: callback_url!, events: String(fields).split(',') })
    return { body: { success: true } }
  },
  deliver({ id, name }) {
    const body = JSON.stringify({ entry: [{ changes: [{ field: name, value: { messages: [{ id }] } }] }] })
    return { headers: { 'x-hub-signature-256': `sha256=${hmac('app secret', body)}` }, body }
  },
}
