import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { StepKinds } from '../engine/compile-flow.ts'
import { AppError } from '../errors.ts'
import type { Flow, FlowInput } from '../flow/flow.ts'
import { isJsonObject, type Json, type JsonObject, parseJson, stringifyJson } from '../flow/json.ts'
import { refProblem } from '../flow/ref.ts'
import type { Nouns } from '../storage/open-storage.ts'
import { readConnectorBody } from './connectors.ts'
import { maxValueBytes } from './env-variables.ts'
import { readFlow } from './flow-json.ts'
import { inputOf } from './flows.ts'
import { allFlows, type TransferDocument } from './transfer.ts'

/** What becomes of one thing in a document. */
export interface Transfer {
  action: 'create' | 'update' | 'same'
  kind: 'flow' | 'connector' | 'env variable'
  name: string
  /** Of a flow: its id here. */
  id?: string
  /** What is not as it was where it comes from. */
  notes: string[]
}

/** Why a document is not imported. */
export interface TransferProblem {
  /** As `flow "Order import"`. */
  what: string
  ref: string | null
  field: string
  message: string
}

export interface TransferWorld {
  accountId: string
  /** As the account's connectors are now. */
  kinds(): Promise<StepKinds>
  sendsEmail: boolean
  now(): Date
}

/**
 * Brings an account to what a document says; to be called within a transaction that is rolled back when there are
 * problems. Flows are found by id, else by their name; what is in the account and not in the document stays as it is.
 */
export async function importDocument(
  document: TransferDocument,
  nouns: Nouns,
  world: TransferWorld,
): Promise<{ transfers: Transfer[]; problems: TransferProblem[] }> {
  const problems: TransferProblem[] = []
  const transfers: Transfer[] = []
  const attempt = async (what: string, work: () => Promise<Transfer>) => {
    try {
      transfers.push(await work())
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      problems.push(...problemsIn(what, error))
    }
  }
  for (const connector of document.connectors) {
    await attempt(`connector ${nameOf(connector)}`, () => importConnector(connector, nouns, world))
  }
  for (const [name, value] of Object.entries(document.env_variables)) {
    await attempt(`env variable ${name}`, () => importVariable(name, value, nouns, world))
  }
  // A flow of a connector that was refused would only be refused for that once more.
  if (problems.length > 0) return { transfers, problems }
  const kinds = await world.kinds()
  const places = await placesOf(document.flows, nouns, world.accountId)
  for (const place of places) {
    await attempt(`flow ${nameOf(place.flow)}`, () => importFlow(place, places, kinds, nouns, world))
  }
  return { transfers, problems }
}

async function importConnector(body: JsonObject, { connectors }: Nouns, world: TransferWorld): Promise<Transfer> {
  const { name, definition } = readConnectorBody(body)
  const known = await connectors.find(world.accountId, name)
  const action = known === undefined ? 'create' : isEqual(known.definition, definition) ? 'same' : 'update'
  if (action !== 'same') await connectors[action](world.accountId, name, definition, world.now())
  return { action, kind: 'connector', name, notes: [] }
}

async function importVariable(
  name: string,
  value: Json,
  { envVariables }: Nouns,
  { accountId, now }: TransferWorld,
): Promise<Transfer> {
  const problem = refProblem(name)
  if (problem !== undefined) throw new AppError('invalid_request', problem)
  if (Buffer.byteLength(stringifyJson(value)) > maxValueBytes) {
    throw new AppError('invalid_request', `it is larger than ${maxValueBytes} bytes`)
  }
  const known = await envVariables.find(accountId, name)
  const action = known === undefined ? 'create' : isEqual(known.value, value) ? 'same' : 'update'
  if (action !== 'same') await envVariables.set(accountId, name, value, now())
  return { action, kind: 'env variable', name, notes: [] }
}

/** A flow of the document and where it goes. */
interface Place {
  flow: JsonObject
  /** Its id in the document, if it has one. */
  from: string | undefined
  id: string
  target: Flow | undefined
}

async function placesOf(documented: readonly JsonObject[], { flows }: Nouns, accountId: string): Promise<Place[]> {
  const byName = Map.groupBy(await allFlows(flows, accountId), ({ name }) => name)
  const places: Place[] = []
  for (const flow of documented) {
    const from = typeof flow.id === 'string' && z.uuid().safeParse(flow.id).success ? flow.id : undefined
    const there = from === undefined ? undefined : (await flows.gate(from))?.flow
    const named = byName.get(String(flow.name)) ?? []
    const target = there?.accountId === accountId ? there : named.length === 1 ? named[0] : undefined
    // The id of another account's flow is taken.
    places.push({ flow, from, target, id: target?.id ?? (from && !there ? from : randomUUID()) })
  }
  return places
}

async function importFlow(
  { flow, id, target }: Place,
  places: readonly Place[],
  kinds: StepKinds,
  nouns: Nouns,
  { accountId, sendsEmail }: TransferWorld,
): Promise<Transfer> {
  const { id: _former, ...body } = flow
  const moved = new Map(places.flatMap((place) => (place.from === undefined ? [] : [[place.from, place.id] as const])))
  const { fitted, notes } = await fitHere(replaced(body, moved) as JsonObject, target, places, nouns, accountId)
  const status = target?.status ?? (typeof body.status === 'string' ? body.status : 'draft')
  const read = (as: string) => readFlow({ ...fitted, status: as }, 'draft', kinds, { sendsEmail }).input
  const input = target === undefined && status !== 'draft' ? liveOrDraft(read, status, notes) : read(status)
  const { name } = input
  if (target === undefined) {
    await nouns.flows.create(accountId, input, null, id)
    return { action: 'create', kind: 'flow', name, id, notes }
  }
  if (isEqual(input as unknown as Json, inputOf(target) as unknown as Json)) {
    return { action: 'same', kind: 'flow', name, id, notes }
  }
  await nouns.flows.save(accountId, id, input, [String(target.version)], null)
  return { action: 'update', kind: 'flow', name, id, notes }
}

/** A new flow that lacks something, such as an auth of this installation, waits as a draft. */
function liveOrDraft(read: (status: string) => FlowInput, status: string, notes: string[]): FlowInput {
  try {
    return read(status)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'invalid_flow') throw error
    const draft = read('draft')
    notes.push(`saved as a draft: ${error.message}`)
    return draft
  }
}

/** Credentials and flows of another installation mean nothing here: what stands for them here takes their place. */
async function fitHere(
  body: JsonObject,
  target: Flow | undefined,
  places: readonly Place[],
  { flows, connectorAuths }: Nouns,
  accountId: string,
): Promise<{ fitted: JsonObject; notes: string[] }> {
  const notes: string[] = []
  const isHere = async (auth: string) =>
    auth.includes('{{') ||
    (z.uuid().safeParse(auth).success && (await connectorAuths.find(accountId, auth)) !== undefined)
  const fitStep = async (step: Json): Promise<Json> => {
    if (!isJsonObject(step) || typeof step.auth !== 'string' || (await isHere(step.auth))) return step
    const same = target?.steps.find(({ ref, connector }) => ref === step.ref && connector === step.connector)
    notes.push(
      same?.auth == null
        ? `step ${step.ref}: its connector auth is not here, choose one`
        : `step ${step.ref}: keeps the connector auth that it has here`,
    )
    return { ...step, auth: same?.auth ?? null }
  }
  const steps = Array.isArray(body.steps) ? await Promise.all(body.steps.map(fitStep)) : body.steps
  const { settings } = body
  if (!isJsonObject(settings) || typeof settings.error_flow_id !== 'string') {
    return { fitted: { ...body, ...(steps !== undefined && { steps }) }, notes }
  }
  const errorFlow = settings.error_flow_id
  const isThere =
    places.some(({ id }) => id === errorFlow) ||
    (z.uuid().safeParse(errorFlow).success && (await flows.find(accountId, errorFlow)) !== undefined)
  if (!isThere) notes.push('its error handling flow is not here')
  const fitted = { ...body, settings: isThere ? settings : { ...settings, error_flow_id: null } }
  return { fitted: { ...fitted, ...(steps !== undefined && { steps }) }, notes }
}

/** Every text that is exactly the former id of a flow of the document becomes its id here. */
function replaced(value: Json, moved: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') return moved.get(value) ?? value
  if (Array.isArray(value)) return value.map((each) => replaced(each, moved))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaced(each, moved)]))
}

function isEqual(a: Json, b: Json): boolean {
  return isDeepStrictEqual(parseJson(stringifyJson(a)), parseJson(stringifyJson(b)))
}

function nameOf({ name }: JsonObject): string {
  return typeof name === 'string' ? JSON.stringify(name) : 'without a name'
}

const problemList = z.array(
  z.object({
    ref: z.string().nullish(),
    field: z.string().optional(),
    path: z.string().optional(),
    message: z.string(),
  }),
)

/** The single problems that an error lists, or the error itself. */
function problemsIn(what: string, { data, message }: AppError): TransferProblem[] {
  const listed = problemList.safeParse(isJsonObject(data) ? data.problems : undefined)
  if (!listed.success || listed.data.length === 0) return [{ what, ref: null, field: '', message }]
  return listed.data.map(({ ref, field, path, message }) => ({
    what,
    ref: ref ?? null,
    field: field ?? path ?? '',
    message,
  }))
}
