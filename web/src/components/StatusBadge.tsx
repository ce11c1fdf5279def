import {
  CircleCheck,
  CircleDashed,
  CircleDot,
  CirclePause,
  CircleSlash,
  CircleX,
  Clock,
  LoaderCircle,
  type LucideIcon,
  RotateCcw,
} from 'lucide-react'
import classes from './StatusBadge.module.css'

type Tone = 'ok' | 'bad' | 'warn' | 'idle' | 'info'

/** Every state that flows, runs and steps can be in: a word, a shape and a colour, so that colour never stands alone. */
const looks: Record<string, { word: string; icon: LucideIcon; tone: Tone }> = {
  live: { word: 'Live', icon: CircleDot, tone: 'ok' },
  draft: { word: 'Draft', icon: CircleDashed, tone: 'idle' },
  paused: { word: 'Paused', icon: CirclePause, tone: 'warn' },
  success: { word: 'Success', icon: CircleCheck, tone: 'ok' },
  error: { word: 'Error', icon: CircleX, tone: 'bad' },
  running: { word: 'Running', icon: LoaderCircle, tone: 'info' },
  queued: { word: 'Queued', icon: CircleDashed, tone: 'idle' },
  retrying: { word: 'Retrying', icon: RotateCcw, tone: 'warn' },
  waiting: { word: 'Waiting', icon: Clock, tone: 'info' },
  cancelled: { word: 'Cancelled', icon: CircleSlash, tone: 'idle' },
  skipped: { word: 'Skipped', icon: CircleSlash, tone: 'idle' },
}

/** A status as icon and word. */
export function StatusBadge({ status, bare }: { status: string; bare?: boolean }) {
  const { word, icon: Icon, tone } = looks[status] ?? { word: status, icon: CircleDashed, tone: 'idle' as const }
  return (
    <span className={classes.badge} data-tone={tone} data-bare={bare || undefined} data-status={status}>
      <Icon size={14} strokeWidth={2.2} aria-hidden />
      {word}
    </span>
  )
}
