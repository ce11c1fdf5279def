import type { Connector } from '../connectors/connector.ts'
import type { OutboundCall, OutboundReply } from '../engine/step-kind.ts'
import type { Outbound } from '../outbound.ts'
import type { ConnectorAuths } from '../storage/connector-auths.ts'
import { createAuthHealth } from './auth-health.ts'
import { createAuthLimits } from './auth-limits.ts'
import { type AuthTest, createAuthTest } from './auth-test.ts'
import type { Circuits } from './circuits.ts'
import { type CallConnector, createCallPreview, createConnectorCaller, type PreviewCall } from './connector-call.ts'
import { type Credentials, createCredentials } from './credentials.ts'
import { createOAuth, type OAuth } from './oauth.ts'
import { createCaller } from './outbound-call.ts'
import { requestGrant } from './token-endpoint.ts'

export interface VendorParts {
  auths: ConnectorAuths
  outbound: Outbound
  findConnector(accountId: string, name: string): Promise<Connector | undefined>
  publicUrl(): string
  now(): Date
  circuits: Circuits
  /** Something new is known of whether a credential works. */
  onAuthChecked?: ((accountId: string, authId: string) => void) | undefined
}

/** Everything by which Hookline speaks to the outside with somebody's credential. */
export interface Vendors {
  /** A call of any address, as the http helper makes it. */
  call(accountId: string, call: OutboundCall, signal: AbortSignal): Promise<OutboundReply>
  /** A call of a vendor's app as its connector says. */
  callConnector: CallConnector
  previewCall: PreviewCall
  credentials: Credentials
  oauth: OAuth
  testAuth: AuthTest
}

export function createVendors(parts: VendorParts): Vendors {
  const { outbound, circuits, findConnector, publicUrl, now } = parts
  const auths: ConnectorAuths = {
    ...parts.auths,
    async noteCheck(accountId, authId, check) {
      await parts.auths.noteCheck(accountId, authId, check)
      parts.onAuthChecked?.(accountId, authId)
    },
  }
  const health = createAuthHealth(auths, now)
  const credentials = createCredentials({
    auths,
    findConnector,
    requestGrant: (opened) => requestGrant(opened, { outbound, now }),
    now,
  })
  const callConnector = createConnectorCaller({
    outbound,
    credentials,
    limits: createAuthLimits(now),
    health,
    circuits,
    findConnector,
    now,
  })
  return {
    call: createCaller({ outbound, credentials, health, circuits, now }),
    callConnector,
    previewCall: createCallPreview({ credentials, findConnector, now }),
    credentials,
    oauth: createOAuth({ auths, credentials, findConnector, outbound, publicUrl, now }),
    testAuth: createAuthTest({ auths, findConnector, callConnector, now }),
  }
}
