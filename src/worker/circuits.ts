import type { Clock } from '../clock.ts'
import { StepError } from '../engine/step-error.ts'

/** Who calls where: a vendor that fails one of them may well serve another, so each has a circuit of its own. */
export interface Line {
  accountId: string
  /** Id of the connector auth. */
  auth: string | null
  /** With the port, where that is not the usual one. */
  host: string
  /** A person waits for this very call. It is never refused, and what comes of it counts like any other's. */
  asked: boolean
}

/** Leaves vendors alone that are down, in this process, so that they can recover and runs need not wait for them. */
export interface Circuits {
  /**
   * Makes a call unless its circuit is open: then so many before it have failed in a row that only one call at a time is
   * let through, after a pause that grows, until one succeeds. Errors: `circuit_open`, to be tried again at a time; and
   * the call's own.
   */
  guard<Reply extends { status: number }>(line: Line, call: () => Promise<Reply>): Promise<Reply>
  /** How many are open. */
  open(): number
}

export interface CircuitOptions {
  /** Failures in a row that open a circuit; with 0 none ever opens. */
  failures: number
  clock: Pick<Clock, 'now' | 'elapsedMs'>
  /** A vendor was given up for a while, was tried in vain, or is back. */
  onChange?: ((change: CircuitChange) => void) | undefined
  onRefused?: (() => void) | undefined
}

export interface CircuitChange {
  accountId: string
  host: string
  state: 'open' | 'closed'
  /** In a row. */
  failures: number
  /** Until the next try; 0 for a closed one. */
  pauseMs: number
}

/** Envoy ejects hosts for as long (outlier detection: base_ejection_time, max_ejection_time), opossum as long at first. */
export const firstPauseMs = 30_000
/** Well below the longest wait for which a run is held (engine/retry.ts), so that each run sees a try. */
export const longestPauseMs = 5 * 60_000
/** One run comes back when the pause is over, the others when its call has probably ended. */
const leadMs = 5_000
/** They come back one after the other rather than all at once, as far as that goes. */
const spacingMs = 20
const longestSpreadMs = 60_000
/** The least recently failed are forgotten beyond it. */
const maxCircuits = 10_000

/** Faults after which nobody can say that the vendor is there. Answers that refuse, even 429, come from one that is. */
const downKinds = new Set(['dns', 'connect', 'closed', 'timeout'])

interface Circuit {
  failures: number
  /** What the last of them was. */
  reason: string
  since: Date
  /** How often it was opened since the last success; 0 while it is closed. */
  pauses: number
  openUntil: number
  isTried: boolean
  /** When the next one that is refused shall come back. */
  laterAt: number
  /** What began before the last success says nothing about now. */
  wellAt: number
}

export function createCircuits({ failures: limit, clock, onChange, onRefused }: CircuitOptions): Circuits {
  const circuits = new Map<string, Circuit>()

  /** Whether this call is the one that tries. Errors: `circuit_open`. */
  function admit(key: string, { host, asked }: Line): boolean {
    const circuit = circuits.get(key)
    if (circuit === undefined || circuit.pauses === 0 || asked) return false
    const time = clock.elapsedMs()
    if (circuit.isTried || time < circuit.openUntil) {
      onRefused?.()
      throw refusal(host, circuit, backAt(circuit, time) - time, clock.now())
    }
    circuit.isTried = true
    return true
  }

  function failed(key: string, { accountId, host }: Line, reason: string, startedAt: number, isTry: boolean): void {
    const circuit = circuits.get(key) ?? newCircuit()
    if (startedAt < circuit.wellAt) return
    if (circuit.failures === 0) circuit.since = clock.now()
    circuit.failures += 1
    circuit.reason = reason
    circuits.delete(key)
    circuits.set(key, circuit)
    if (circuits.size > maxCircuits) circuits.delete(circuits.keys().next().value!)
    // While it is open, those that were under way before say nothing new.
    if (circuit.pauses > 0 ? !isTry : circuit.failures < limit) return
    const pauseMs = Math.min(firstPauseMs * 2 ** circuit.pauses, longestPauseMs)
    circuit.pauses += 1
    circuit.openUntil = clock.elapsedMs() + pauseMs
    circuit.laterAt = circuit.openUntil
    onChange?.({ accountId, host, state: 'open', failures: circuit.failures, pauseMs })
  }

  function succeeded(key: string, { accountId, host }: Line): void {
    const circuit = circuits.get(key)
    if (circuit === undefined) return
    const { pauses, failures } = circuit
    Object.assign(circuit, newCircuit(), { wellAt: clock.elapsedMs() })
    if (pauses > 0) onChange?.({ accountId, host, state: 'closed', failures, pauseMs: 0 })
  }

  return {
    async guard(line, call) {
      if (limit === 0) return call()
      const key = `${line.accountId} ${line.auth ?? ''} ${line.host}`
      const isTry = admit(key, line)
      const startedAt = clock.elapsedMs()
      try {
        const reply = await call()
        if (isDown(reply.status)) failed(key, line, `it answered ${reply.status}`, startedAt, isTry)
        else succeeded(key, line)
        return reply
      } catch (error) {
        if (error instanceof StepError && downKinds.has(error.kind)) failed(key, line, error.message, startedAt, isTry)
        throw error
      } finally {
        const circuit = circuits.get(key)
        if (isTry && circuit !== undefined) circuit.isTried = false
      }
    },
    open: () => circuits.values().reduce((sum, { pauses }) => sum + (pauses > 0 ? 1 : 0), 0),
  }
}

function newCircuit(): Circuit {
  const since = new Date(0)
  return { failures: 0, reason: '', since, pauses: 0, openUntil: 0, isTried: false, laterAt: 0, wellAt: 0 }
}

/** 501 is about the method, whoever asks and however often. */
function isDown(status: number): boolean {
  return status >= 500 && status !== 501
}

/** Books the time at which one that is refused comes back. */
function backAt(circuit: Circuit, time: number): number {
  const { openUntil, laterAt } = circuit
  // How long the call that tries will take is not known.
  const due = openUntil > time ? openUntil : time + firstPauseMs
  const at = Math.min(Math.max(laterAt, due), due + longestSpreadMs)
  circuit.laterAt = at + (at === openUntil ? leadMs : spacingMs)
  return at
}

function refusal(host: string, { failures, reason, since }: Circuit, inMs: number, now: Date): StepError {
  const at = new Date(now.getTime() + inMs)
  return new StepError(
    'circuit_open',
    `${host} is left alone for now: ${failures} calls in a row have failed since ${moment(since)} (${reason}). ` +
      `This one was not made; the next try is at ${moment(at)}`,
    {
      details: { host, failures, failing_since: since.toISOString(), next_try_at: at.toISOString() },
      retry: { when: 'recovery', at },
    },
  )
}

function moment(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`
}
