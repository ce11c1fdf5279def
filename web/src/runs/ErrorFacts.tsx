import { CircleX } from 'lucide-react'
import type { ReactNode } from 'react'
import type { RunError } from '../../../src/flow/run.ts'
import { Foreign } from '../components/Foreign.tsx'
import classes from './ErrorCard.module.css'
import { evidenceOf } from './error-cause.ts'

/** What a step's error says: its kind, its words, what probably lies behind it, and what it came with. */
export function ErrorFacts({ error, cause, openBelow }: { error: RunError; cause: ReactNode; openBelow: number }) {
  return (
    <>
      <p className={classes.head}>
        <CircleX size={17} aria-hidden />
        <code className={classes.kind}>{error.kind}</code>
      </p>
      <p className={classes.message}>
        <Foreign>{error.message}</Foreign>
      </p>
      <p className={classes.cause}>{cause}</p>
      {evidenceOf(error).map(([name, text]) => (
        <details key={name} className={classes.evidence} open={text.length < openBelow}>
          <summary>{name}</summary>
          <pre>{text}</pre>
        </details>
      ))}
    </>
  )
}
