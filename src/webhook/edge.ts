import type { World } from '../engine/world.ts'
import type { Dedupe } from '../storage/dedupe.ts'
import type { RunWriter } from '../storage/run-writer.ts'
import type { TokenSource } from './authorize.ts'
import type { Backlog } from './backlog.ts'
import type { BodyLimits } from './body/limits.ts'
import type { FlowCache } from './flow-cache.ts'
import type { RateLimits } from './rate-limits.ts'
import type { Rejections } from './rejections.ts'
import type { Turns } from './turns.ts'

/** Everything the webhook edge works with. */
export interface Edge {
  flows: FlowCache
  /** Personal access tokens, from memory or as they are in the database now. */
  tokens: { cached: TokenSource; fresh: TokenSource }
  limits: RateLimits
  /** Between accounts. */
  turns: Turns
  /** What waits for workers. */
  backlog: Pick<Backlog, 'check'>
  bodyLimits: BodyLimits
  writer: RunWriter
  /** A place where a run may start at once, in a process that has a worker and nobody waiting for it (see `Worker`). */
  takePlace(
    flow: { id: string; accountId: string },
    isPure: boolean,
    characters: number,
  ): { world: World; until(end: Promise<void>): void } | undefined
  dedupe: Dedupe
  world: World
  syncTimeoutSeconds: number
  /** Requests that started no run, for the view of them. */
  rejections: Pick<Rejections, 'note'>
  /** Aborted when the process has no time left to wait for runs. */
  stopping: AbortSignal
  newRunId(): string
  /** Watches over a run of this process, so that a cancellation reaches it. */
  track(runId: string): { signal: AbortSignal; done(): void }
  /** A bug or an outage that nobody waits for any more. */
  onRunLost(runId: string, error: unknown): void
}
