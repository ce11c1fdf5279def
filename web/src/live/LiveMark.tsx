import { RotateCw } from 'lucide-react'
import classes from './LiveMark.module.css'
import { useLive } from './live.ts'

/** Says whether what is on screen follows the server: a quiet dot, or "Reconnecting…". */
export function LiveMark() {
  const state = useLive((live) => live.state)
  return (
    <output className={classes.mark} data-state={state} aria-live="polite">
      {state === 'reconnecting' ? (
        <>
          <RotateCw size={13} aria-hidden className={classes.turning} />
          <span className={classes.word}>Reconnecting…</span>
        </>
      ) : (
        <>
          <span className={classes.dot} aria-hidden />
          <span className={classes.word}>{state === 'live' ? 'Live' : 'Connecting…'}</span>
        </>
      )}
    </output>
  )
}
