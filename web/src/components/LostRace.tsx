import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { messageOf, read, type Tagged } from '../api.ts'
import classes from './LostRace.module.css'
import { newerState } from './opened.ts'

interface LostRaceProps<Thing, Typed> {
  /** As a sentence begins with it: "This variable". */
  what: string
  /** Where the thing is read again. */
  path: string
  /** What the last save was refused with, if it was. */
  error: unknown
  typed: Typed
  /** Puts the thing into the form: what is saved now, and on it what is typed from then on. */
  load: (now: Tagged<Thing>) => void
  /** Puts what was typed back into the form. */
  putBack: (typed: Typed) => void
  /** Saves what is typed on the state that is there now; `undefined` makes a deleted thing anew. */
  saveOver: (etag: string | undefined) => void
  isSaving: boolean
}

/**
 * Somebody else was faster: the two ways out of it. Nothing that was typed is lost in either: what was saved meanwhile can
 * be looked at, and what was typed be put back.
 */
export function LostRace<Thing, Typed>(props: LostRaceProps<Thing, Typed>) {
  const { what, path, error, typed, load, putBack, saveOver, isSaving } = props
  const newer = newerState(error)
  const [mine, setMine] = useState<{ typed: Typed } | null>(null)
  const notice = useRef<HTMLDivElement>(null)
  const now = useMutation({
    mutationFn: () => read<Thing>(path),
    onSuccess: (found) => {
      setMine({ typed })
      load(found)
    },
  })
  // The button that was pressed is gone; who uses the keyboard goes on from here.
  useEffect(() => {
    if (mine !== null) notice.current?.focus()
  }, [mine])

  if (newer !== undefined) {
    return (
      <div className={classes.notice} role="alert">
        <p>
          {what} was {newer === null ? 'deleted' : 'changed'} meanwhile. What you typed is still here, and not saved.
        </p>
        {now.error === null ? null : <p>{messageOf(now.error)}</p>}
        <div className={classes.buttons}>
          {newer === null ? null : (
            <Button size="xs" variant="default" loading={now.isPending} onClick={() => now.mutate()}>
              Load what is saved now
            </Button>
          )}
          <Button size="xs" loading={isSaving} onClick={() => saveOver(newer ?? undefined)}>
            {newer === null ? 'Save mine as a new one' : 'Save mine over it'}
          </Button>
        </div>
      </div>
    )
  }
  if (mine === null) return null
  return (
    <div className={classes.notice} role="status" ref={notice} tabIndex={-1}>
      <p>This is what is saved now.</p>
      <div className={classes.buttons}>
        <Button
          size="xs"
          variant="default"
          onClick={() => {
            putBack(mine.typed)
            setMine(null)
          }}
        >
          Put back what I typed
        </Button>
      </div>
    </div>
  )
}
