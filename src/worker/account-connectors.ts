import { type Connector, readConnector } from '../connectors/connector.ts'
import type { StepKinds } from '../engine/compile-flow.ts'
import type { StepKind } from '../engine/step-kind.ts'
import { stringifyJson } from '../flow/json.ts'
import type { Connectors, OwnConnector } from '../storage/connectors.ts'

export interface ConnectorSources {
  builtIn: readonly Connector[]
  own: Connectors
  helpers: readonly StepKind[]
  /** The step kinds that a connector's data make. */
  kindsOf(connector: Connector): StepKind[]
  /** Told of a connector whose data no longer hold under the schema; it is as good as not there. */
  onUnreadable(accountId: string, name: string, reason: string): void
}

/** What may be used in an account: the helpers, the built-in connectors and the account's own. */
export interface AccountConnectors {
  /** As the database has them now. */
  kinds(accountId: string): Promise<StepKinds>
  /** Possibly from memory: what is decided with it must be confirmed by the account's revision, which it was read at. */
  kindsAt(accountId: string, revision: number): Promise<StepKinds>
  find(accountId: string, name: string): Promise<Connector | undefined>
  /** All built-in ones. */
  builtIn: readonly Connector[]
}

/** Accounts whose own connectors are kept in memory; those read longest ago make room. */
const maxAccounts = 1_000

interface ReadConnector {
  text: string
  connector: Connector
  kinds: StepKind[]
}

interface AccountEntry {
  revision: number | null
  own: Map<string, ReadConnector>
  kinds: StepKinds
}

export function createAccountConnectors(sources: ConnectorSources): AccountConnectors {
  const { builtIn } = sources
  const byName = new Map(builtIn.map((each) => [each.name, each]))
  const shared = indexed([...sources.helpers, ...builtIn.flatMap(sources.kindsOf)])
  const sharedKinds = lookUp([shared])
  const accounts = new Map<string, AccountEntry>()

  function read(accountId: string, { name, definition }: OwnConnector): ReadConnector | undefined {
    const text = stringifyJson(definition)
    const known = accounts.get(accountId)?.own.get(name)
    if (known?.text === text) return known
    const reading = readConnector(definition)
    if (reading.ok) return { text, connector: reading.connector, kinds: sources.kindsOf(reading.connector) }
    sources.onUnreadable(accountId, name, `${reading.problems[0]?.path}: ${reading.problems[0]?.message}`)
    return undefined
  }

  async function load(accountId: string, revision: number | null): Promise<AccountEntry> {
    const own = new Map<string, ReadConnector>()
    for (const each of await sources.own.list(accountId)) {
      const found = shared.has(each.name) ? undefined : read(accountId, each)
      if (found !== undefined) own.set(each.name, found)
    }
    const kinds =
      own.size === 0 ? sharedKinds : lookUp([shared, indexed([...own.values()].flatMap((each) => each.kinds))])
    const entry = { revision, own, kinds }
    accounts.delete(accountId)
    accounts.set(accountId, entry)
    if (accounts.size > maxAccounts) accounts.delete(accounts.keys().next().value!)
    return entry
  }

  return {
    builtIn,
    kinds: async (accountId) => (await load(accountId, null)).kinds,
    async kindsAt(accountId, revision) {
      const known = accounts.get(accountId)
      return known?.revision === revision ? known.kinds : (await load(accountId, revision)).kinds
    },
    async find(accountId, name) {
      const known = byName.get(name)
      if (known !== undefined) return known
      const own = await sources.own.find(accountId, name)
      return own && read(accountId, own)?.connector
    },
  }
}

type Index = ReadonlyMap<string, ReadonlyMap<string, StepKind>>

function indexed(kinds: readonly StepKind[]): Index {
  return new Map(
    [...Map.groupBy(kinds, ({ connector }) => connector)].map(([connector, its]) => [
      connector,
      new Map(its.map((kind) => [kind.action, kind])),
    ]),
  )
}

function lookUp(indexes: readonly Index[]): StepKinds {
  const of = (connector: string) => indexes.find((index) => index.has(connector))?.get(connector)
  return {
    find: (connector, action) => of(connector)?.get(action),
    actions: (connector) => [...(of(connector)?.keys() ?? [])],
  }
}
