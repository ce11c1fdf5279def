/** Names that credentials go by; what a vendor signs with is no secret, and helps to find out why it does not match. */
const secretNames =
  /token|secret|password|passwd|api-?key|access-?key|credential|session|cookie|^auth|-auth(orization)?$/

export const mask = '••••••'

/** A request's headers for people to read. `authorization` and cookies are not even kept. */
export function maskHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, secretNames.test(name.toLowerCase()) ? mask : value]),
  )
}
