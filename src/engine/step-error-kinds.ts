/**
 * Every way a step can fail, by the word that stands as `kind` in its error and in templates as `{{ ref.error.kind }}`.
 * `docs/reference/errors.md` is generated from this list. Answers of other systems that refuse are `http_<status>`.
 */
export const stepErrors = {
  aborted: 'The call was broken off by Hookline itself.',
  already_answered: 'The sender has got its answer already.',
  auth_expired: 'The vendor grants no token any more: connect again.',
  auth_incomplete: 'The connector auth lacks a value that the connector’s address is made of.',
  auth_missing: 'The step’s connector auth is gone, or none was chosen.',
  auth_of_other_connector: 'The connector auth belongs to another connector.',
  auth_unreadable: 'The connector auth was sealed with another secret key.',
  bad_response: 'What was answered is not HTTP, or can’t be decompressed.',
  blocked: 'The address may not be called, or the connector is paused or gone.',
  circuit_open:
    'The other side has failed too often in a row, so the call was not made: `details` names host, failures, since when and the next try. Retried then, if that is within 10 minutes of the first attempt.',
  closed: 'The connection broke.',
  code_failed: 'The code of the step threw an error, or is no JavaScript.',
  connect: 'Nobody takes connections at the address.',
  dns: 'The name has no address.',
  flow_failed: 'The flow that was started failed.',
  flow_paused: 'The flow that was to be started is paused.',
  foreign_address: 'The address is none of those that the connector auth is for.',
  invalid_answer: 'Status or headers of the answer can’t be sent.',
  invalid_header: 'A header can’t be sent.',
  invalid_input: 'A field of the step is missing, or holds what it can’t; `details.field` names it.',
  invalid_url: 'The address is none.',
  limit: 'A limit of the run or the step was reached; the message names it.',
  no_room: 'There were as many large answers under way as fit into memory. Retried.',
  not_found: 'The flow to be started, or what was looked for, is not there.',
  pagination: 'A list names a page that was read before as its next one.',
  rate_limited: 'The calls that the vendor allows are used up. Retried when its turn has come.',
  refused: 'The vendor refused, with a status that says otherwise.',
  template: 'A template failed; `details` has field, line and column.',
  timeout: 'There was no answer in time.',
  tls: 'The certificate is not good.',
  too_large: 'The answer is larger than allowed.',
} as const satisfies Record<string, string>

export type StepErrorKind = keyof typeof stepErrors | `http_${number}`

/** Kinds with which nothing was tried yet: such an attempt is none that failed. */
export const untriedKinds: ReadonlySet<string> = new Set<StepErrorKind>(['rate_limited', 'circuit_open'])
