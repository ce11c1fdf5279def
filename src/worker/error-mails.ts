import { setTimeout as sleep } from 'node:timers/promises'
import type { Mail, Mailer } from '../mailer.ts'
import type { DueErrorMail, ErrorMails } from '../storage/error-mails.ts'
import type { Flows } from '../storage/storage.ts'

interface ErrorMailParts {
  mails: ErrorMails
  flows: Pick<Flows, 'find'>
  mailer: Mailer
  /** Address of a run in the debugger. */
  runUrl(runId: string): string
  now(): Date
  /** Told of every attempt. */
  onAttempt(result: 'sent' | 'failed'): void
  log: { warn(facts: object, message: string): void; error(facts: object, message: string): void }
  /** How often it is looked for errors that nobody was told of; default two seconds. */
  pollMs?: number
}

/** Tells people of errors in their flows, by email. */
export interface ErrorMailSender {
  start(): void
  /** Begins nothing new and waits for what is being sent. */
  stop(): Promise<void>
}

const defaultPollMs = 2_000
const mailsAtOnce = 4
const firstRetryMs = 10_000
const lastRetryMs = 60 * 60 * 1000

/**
 * Sends what `noteFailures` has noted. An email that the mail server did not take is tried again, with longer and longer
 * pauses, until it did; a process that dies in between may have it sent twice.
 */
export function createErrorMailSender(parts: ErrorMailParts): ErrorMailSender {
  const { mails, log, now, pollMs = defaultPollMs } = parts
  const stopping = new AbortController()
  let loop: Promise<void> | undefined

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      const due = await mails.claim(now(), mailsAtOnce).catch((error: unknown) => {
        log.error({ err: error }, 'it can not be read who is to be told of errors; trying again')
        return []
      })
      await Promise.all(due.map((mail) => tell(mail, parts).catch((error: unknown) => lost(mail, error))))
      if (due.length < mailsAtOnce) await rest()
    }
  }

  /** What came of the attempt could not be written: the claim ends by itself. */
  function lost({ flowId }: DueErrorMail, error: unknown): void {
    log.error({ err: error, flowId }, 'an email about errors may be sent twice')
  }

  async function rest(): Promise<void> {
    await sleep(pollMs, undefined, { signal: stopping.signal }).catch(() => undefined)
  }

  return {
    start() {
      loop = work()
    },
    async stop() {
      stopping.abort()
      await loop
    },
  }
}

async function tell(mail: DueErrorMail, parts: ErrorMailParts): Promise<void> {
  const { mails, flows, mailer, now, log, onAttempt } = parts
  const flow = await flows.find(mail.accountId, mail.flowId)
  const to = flow?.settings.error_email_recipients ?? []
  if (flow === undefined || to.length === 0) return mails.drop(mail)
  try {
    const { refused } = await mailer.send({ to, ...errorMail(flow, mail, parts.runUrl(mail.runId)) })
    if (refused.length > 0) log.warn({ flowId: flow.id, refused }, 'the mail server refused some recipients')
  } catch (error) {
    onAttempt('failed')
    const reason = error instanceof Error ? error.message : String(error)
    const pauseMs = Math.min(firstRetryMs * 2 ** mail.failures, lastRetryMs)
    log.error({ flowId: flow.id, reason, failures: mail.failures + 1, pauseMs }, 'an email about errors was not sent')
    return mails.failed(mail, reason, new Date(now().getTime() + pauseMs))
  }
  onAttempt('sent')
  await mails.sent(mail, now())
}

/** What people get to read: nothing of what the run was given or made. */
export function errorMail(flow: { name: string }, mail: DueErrorMail, runUrl: string): Omit<Mail, 'to'> {
  const others = mail.errors - 1
  const count = others === 0 ? '' : others === 1 ? ' (and 1 more)' : ` (and ${others} more)`
  const lines = [
    `A run of the flow "${flow.name}" ended in an error.`,
    '',
    `When:  ${mail.at.toISOString()}`,
    ...(mail.ref === '' ? [] : [`Step:  ${mail.ref}`]),
    `Error: ${mail.message}`,
    '',
    runUrl,
    '',
    ...(others === 0
      ? []
      : [
          `This is the last of ${mail.errors} runs that ended in an error since ${mail.since.toISOString()}. The others are in the debugger.`,
          '',
        ]),
    'You get this because your address is among the error email recipients in the settings of this flow. Of a flow that keeps failing, an email comes every few minutes at most.',
  ]
  return { subject: oneLine(`Error in flow ${flow.name}${count}`), text: lines.join('\n') }
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ')
}
