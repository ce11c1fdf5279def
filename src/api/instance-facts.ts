import type { EffectiveSetting } from '../config.ts'
import type { PublicUrlCheck } from './public-url-check.ts'

/** What the server knows of itself, handed in by the composition root. */
export interface InstanceFacts {
  version: string
  startedAt: Date
  settings: readonly EffectiveSetting[]
  /** Where the embedded database lies; undefined with a database elsewhere. */
  dataDir: string | undefined
  publicUrlCheck: PublicUrlCheck
}
