import type { Logger } from 'pino'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { type Product, type Reply, startProduct, webhookFlow } from './rig.ts'

/** A product with somebody who may write connectors and credentials. */
export interface Studio {
  product: Product
  api(method: string, path: string, body?: Json, headers?: Record<string, string>): Promise<Reply>
  /** Adds an own connector; errors show what was wrong with it. */
  connector(connector: JsonObject): Promise<void>
  /** Stores a credential and returns its id. */
  auth(auth: JsonObject): Promise<string>
  /** Runs one action in a flow of its own and returns its last record. */
  act(connector: string, action: string, input: JsonObject, auth?: string | null): Promise<StepJson>
}

export interface StepJson {
  ref: string
  attempt: number
  status: string
  request_url: string | null
  response_code: number | null
  input: Json
  output: Json
  error: { kind: string; message: string; details?: JsonObject } | null
}

export async function startStudio(log?: Logger, settings: Record<string, string> = {}): Promise<Studio> {
  const product = await startProduct(settings, log)
  const token = await product.newToken(['automation', 'connectors', 'connector_auth'])
  const api: Studio['api'] = (method, path, body, headers = {}) =>
    product.api(method, path, body, { authorization: `Bearer ${token}`, ...headers })
  return {
    product,
    api,
    async connector(connector) {
      const { status, text } = await api('POST', '/v1/connectors', connector)
      if (status !== 201) throw new Error(`the connector was refused: ${text}`)
    },
    async auth(auth) {
      const { status, text, json } = await api('POST', '/v1/connector-auths', { name: 'test', ...auth })
      if (status !== 201) throw new Error(`the auth was refused: ${text}`)
      return (json as { id: string }).id
    },
    async act(connector, action, input, auth = null) {
      const step = { ref: 'con1', connector, action, input, auth }
      const flow = await product.flow({
        ...webhookFlow('{{ con1 }}', [step]),
        settings: { automatic_retries: false },
      })
      const { headers } = await flow.call({ body: '{}' })
      const steps = (await product.steps(headers.get('x-flow-run-id')!)) as unknown as StepJson[]
      return steps.findLast(({ ref }) => ref === 'con1')!
    },
  }
}
