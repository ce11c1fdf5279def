import { CirclePause } from 'lucide-react'
import { clockTime } from '../components/TimeAgo.tsx'
import classes from './PausedNote.module.css'

/** Why the runs of a paused flow stop: what its webhook is sent leaves no trace. */
export function PausedNote({ since }: { since: string }) {
  const today = new Date(since).toDateString() === new Date().toDateString()
  const when = today
    ? clockTime(since)
    : new Date(since).toLocaleDateString(undefined, { day: 'numeric', month: 'short' })
  return (
    <p className={classes.note}>
      <CirclePause size={15} aria-hidden /> Paused since {when}: requests are not stored
    </p>
  )
}
