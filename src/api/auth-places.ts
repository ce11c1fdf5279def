import type { Connector } from '../connectors/connector.ts'
import { AppError } from '../errors.ts'
import { type JsonObject, stringifyJson } from '../flow/json.ts'
import type { AuthSecrets, ConnectorAuth } from '../storage/connector-auth-row.ts'

/** A change of an auth as far as it says where the auth's secrets are sent. */
interface AuthChange {
  connector: Connector | undefined
  former: { auth: ConnectorAuth; secrets: AuthSecrets }
  next: { apiEndpoint: string | null; secrets: AuthSecrets }
  /** The secrets that came with the change, by name, as `auth_token` and `user_input.client_secret`. */
  sent: ReadonlySet<string>
}

/**
 * Whoever may change an auth need not know its secrets, and must not get them by having them sent to a host of their
 * own: what the address is made of changes only together with all secrets.
 *
 * Errors: `invalid_request`.
 */
export function checkPlace({ connector, former, next, sent }: AuthChange): void {
  const members = addressMembers(connector)
  const moved = movedField(connector, former, next, members)
  if (moved === undefined) return
  const kept = secretNames(former.secrets, members).filter((name) => !sent.has(name))
  if (kept.length === 0) return
  throw new AppError(
    'invalid_request',
    `${moved}: it says where the secrets are sent; send ${kept.join(', ')} again with it`,
  )
}

function movedField(
  connector: Connector | undefined,
  former: AuthChange['former'],
  next: AuthChange['next'],
  members: readonly string[],
): string | undefined {
  const { apiEndpoint } = former.auth
  // An auth of a helper that had no place gets one, and may go to fewer hosts than before.
  const narrows = connector === undefined && apiEndpoint === null
  if (apiEndpoint !== next.apiEndpoint && !narrows) return 'api_endpoint'
  const text = (input: JsonObject | undefined, name: string) => stringifyJson(input?.[name] ?? null)
  const member = members.find((name) => text(former.secrets.user_input, name) !== text(next.secrets.user_input, name))
  return member && `user_input.${member}`
}

/** Members of `user_input` that the connector's addresses are made of. */
function addressMembers(connector: Connector | undefined): string[] {
  if (connector === undefined) return []
  const { base_domain, auth_config } = connector
  const { oauth2 } = auth_config
  const exchanges = [auth_config.refreshable_token?.token_request, auth_config.username_password?.token_request]
  const addresses = [base_domain, oauth2?.token_url, oauth2?.refresh_url, ...exchanges.map((each) => each?.endpoint)]
  const found = addresses
    .filter((each) => each !== undefined)
    .flatMap((each) => [...each.matchAll(/user_input\s*(?:\.\s*(\w+)|\[\s*["']([^"']+))/g)])
  return [...new Set(found.map(([, dotted, quoted]) => dotted ?? quoted ?? ''))]
}

function secretNames({ user_input = {}, ...others }: AuthSecrets, members: readonly string[]): string[] {
  const inputs = Object.keys(user_input).filter((name) => !members.includes(name))
  return [...Object.keys(others), ...inputs.map((name) => `user_input.${name}`)]
}
