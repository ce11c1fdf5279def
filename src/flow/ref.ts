/** How a step is named in templates: the rules of reference ids. */

export const maxRefLength = 64

/** Names that templates already give a meaning to. */
export const reservedRefs: ReadonlySet<string> = new Set([
  ...['request', 'connectorAuth', 'webhook_url', 'webhook_token', 'events', 'registration'],
  ...['embed_user_id', 'embed_user_name', 'embed_account_id', 'embed_account_name', 'embed_state'],
  ...['error_flow_id', 'error_flow_url', 'error_flow_name', 'error_flow_run_id', 'error_debugging_url'],
  ...['error_step_ref', 'error_message'],
  ...['datetime', 'date', 'date_de', 'date_us', 'time', 'unix_timestamp'],
  // Jinja's own words.
  ...['true', 'false', 'none', 'True', 'False', 'None', 'and', 'or', 'not', 'in', 'is', 'if', 'else', 'for'],
  ...[
    'loop',
    'range',
    'dict',
    'lipsum',
    'cycler',
    'joiner',
    'namespace',
    'self',
    'super',
    'varargs',
    'kwargs',
    'caller',
  ],
  // Keys with a meaning of their own in JavaScript objects.
  ...['__proto__', 'constructor', 'prototype'],
])

/** Why this can't be a reference id, in words for its author; `undefined` when it can. */
export function refProblem(ref: string): string | undefined {
  if (ref === '') return 'a step needs a reference id, such as web1'
  if (ref.length > maxRefLength) return `the reference id is longer than ${maxRefLength} characters`
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(ref)) {
    return `"${ref}" can't be used in templates: a reference id is letters, digits and _, and starts with a letter`
  }
  if (reservedRefs.has(ref)) return `"${ref}" is reserved: templates give it a meaning of their own`
  if (ref.startsWith('_')) return `"${ref}" starts with _, which templates refuse`
  return undefined
}

/** The next free reference id of a kind: `web1`, `web2`, … */
export function nextRef(prefix: string, taken: Iterable<string>): string {
  const used = new Set(taken)
  for (let count = 1; ; count++) {
    if (!used.has(`${prefix}${count}`)) return `${prefix}${count}`
  }
}
