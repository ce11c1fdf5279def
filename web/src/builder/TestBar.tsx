import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { ArrowRightToLine, Pencil, Play } from 'lucide-react'
import { useState } from 'react'
import type { Json, JsonObject } from '../../../src/flow/json.ts'
import { messageOf } from '../api.ts'
import { CancelRun } from './CancelRun.tsx'
import { EditData } from './EditData.tsx'
import type { Step } from './flow-document.ts'
import { focusField } from './focus-field.ts'
import { problemsIn } from './saving.ts'
import { useBuilder } from './store.ts'
import classes from './TestBar.module.css'
import { useTemplateScope } from './template/template-context.ts'
import { actsOnTheWay, outputsOf, useTest } from './test-run.ts'

/** Runs the open step, alone or with what leads to it: as it is being edited, with the data that is shown beside it. */
export function TestBar({ step }: { step: Step }) {
  const test = useTest()
  const document = useBuilder((state) => state.document)
  const catalogue = useBuilder((state) => state.catalogue)
  const scope = useTemplateScope()
  const { values, names } = scope
  const [editing, setEditing] = useState(false)
  const outputs = outputsOf(scope)
  const missing = names.filter((name) => !Object.hasOwn(values, name))
  const started = test.variables
  const isMine = started !== undefined && refOf(started) === step.ref
  const isPending = test.isPending && isMine
  const alone = (data: JsonObject) => test.mutate({ only: step.ref, outputs: data })
  return (
    <section className={classes.bar} aria-label="Test">
      <div className={classes.buttons}>
        <Button
          leftSection={<Play size={15} aria-hidden />}
          onClick={() => alone(outputs)}
          loading={isPending && 'only' in started}
          disabled={test.isPending && !isMine}
        >
          Test step
        </Button>
        <Tooltip label="Test with other data">
          <ActionIcon size="lg" variant="default" onClick={() => setEditing(true)} aria-label="Test with other data">
            <Pencil size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Button
          variant="default"
          leftSection={<ArrowRightToLine size={15} aria-hidden />}
          onClick={() => test.mutate({ until: step.ref })}
          loading={isPending && 'until' in started}
          disabled={test.isPending && !isMine}
        >
          Run to here
        </Button>
        <CancelRun />
      </div>
      <p className={classes.note}>
        {warning(catalogue.actsOutside(step), actsOnTheWay(document, step.ref, catalogue), missing)}
      </p>
      {test.error && isMine ? <Refusal error={test.error} /> : null}
      <EditData
        opened={editing}
        onClose={() => setEditing(false)}
        title={`Test ${step.ref} with other data`}
        note="What the steps before it have yielded. The change is for this test alone."
        value={outputs}
        action="Test step"
        check={(value) =>
          isData(value, names)
            ? undefined
            : `An object whose members are steps before ${step.ref}: ${names.join(', ') || 'there are none'}`
        }
        onDone={(value) => alone(value as JsonObject)}
      />
    </section>
  )
}

function refOf(started: object): string | undefined {
  if ('only' in started) return started.only as string
  return 'until' in started ? (started.until as string) : undefined
}

/** What is felt elsewhere, and what is not known yet. */
function warning(isReal: boolean, others: readonly string[], missing: readonly string[]): string {
  return [
    isReal ? 'Tests act for real.' : '',
    others.length > 0 ? `Run to here also runs ${listed(others)} for real.` : '',
    missing.length > 0 ? `${listed(missing)} ${missing.length === 1 ? 'has' : 'have'} not run yet.` : '',
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

const maxNamed = 4

function listed(refs: readonly string[]): string {
  return refs.length <= maxNamed
    ? refs.join(', ')
    : `${refs.slice(0, maxNamed - 1).join(', ')} and ${refs.length - maxNamed + 1} more`
}

function isData(value: Json, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Number) return false
  return Object.keys(value).every((name) => names.includes(name))
}

/** Why the test was not run; what is wrong in a field leads to it. */
function Refusal({ error }: { error: Error }) {
  const [problem] = problemsIn(error)
  return (
    <p className={classes.refusal} role="alert">
      Not run: {messageOf(error)}
      {problem === undefined ? null : (
        <Button size="compact-xs" variant="subtle" color="red" onClick={() => focusField(problem.field)}>
          Show
        </Button>
      )}
    </p>
  )
}
