import type { Passwords } from '../access/passwords.ts'
import type { StepKinds } from '../engine/compile-flow.ts'
import type { StepKind } from '../engine/step-kind.ts'
import type { Storage } from '../storage/open-storage.ts'
import type { Events } from './events.ts'
import type { InstanceFacts } from './instance-facts.ts'
import type { Listening } from './listening.ts'
import type { Registrar } from './registrar.ts'
import type { Runner } from './runner.ts'
import type { ActionTests, AuthTest, ConnectorCatalogue, ConnectorSearch, OAuth } from './vendors.ts'

/** What the API works with, handed in by the composition root. */
export interface ApiDeps {
  storage: Storage
  /** What steps may be in an account's flows, as the database has it now. */
  kinds(accountId: string): Promise<StepKinds>
  connectors: ConnectorCatalogue
  testAuth: AuthTest
  oauth: OAuth
  searchConnector: ConnectorSearch
  actionTests: ActionTests
  /** The helpers, in the order of the palette. */
  helpers: readonly StepKind[]
  runner: Runner
  registrar: Registrar
  events: Events
  listening: Listening
  instance: InstanceFacts
  passwords: Passwords
  /** What the operator was shown at the start; it lets its holder make the first admin. See `setupToken`. */
  setupToken: string
  /** As the settings name it; undefined when Hookline is reached at the address it listens on. */
  configuredUrl: string | undefined
  /** Whether a mail server is configured, so that people can be told of errors. */
  sendsEmail: boolean
  /** What addresses begin with, known once the server listens. */
  publicUrl(): string
  now(): Date
}
