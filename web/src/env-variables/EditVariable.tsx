import { Button, Loader, TextInput } from '@mantine/core'
import { type FormEvent, lazy, Suspense, useState } from 'react'
import { refProblem } from '../../../src/flow/ref.ts'
import { messageOf, type Tagged } from '../api.ts'
import { LostRace } from '../components/LostRace.tsx'
import { newerState, useOpened } from '../components/opened.ts'
import { Refusal } from '../settings/Listing.tsx'
import { Loading } from '../shell/root-route.tsx'
import classes from './EnvVariablesPage.module.css'
import { type EnvVariable, pathOf, readValue, textOf, useAddVariable, useSetVariable } from './env-queries.ts'

const JsonEditor = lazy(() => import('../runs/JsonEditor.tsx'))

/** Changes the variable of the name as it is saved now; null adds one. */
export function EditVariable({ name, close }: { name: string | null; close: () => void }) {
  return name === null ? <Form opened={null} close={close} /> : <Opened name={name} close={close} />
}

function Opened({ name, close }: { name: string; close: () => void }) {
  const { data, error } = useOpened<EnvVariable>(pathOf(name))
  if (error !== null) return <Refusal>{messageOf(error)}</Refusal>
  return data === undefined ? <Loading /> : <Form opened={data} close={close} />
}

function Form({ opened, close }: { opened: Tagged<EnvVariable> | null; close: () => void }) {
  const add = useAddVariable()
  const set = useSetVariable()
  const variable = opened?.thing ?? null
  const [etag, setEtag] = useState(opened?.etag)
  const save = variable === null ? add : set
  const [name, setName] = useState(variable?.name ?? '')
  const [text, setText] = useState(variable === null ? '' : textOf(variable.value))
  const [wasLeft, setLeft] = useState(false)
  const problem = refProblem(name)
  const { value, kind } = readValue(text)
  const saveOn = (ifMatch: string | undefined) => save.mutate({ name, value, ifMatch }, { onSuccess: close })
  const submit = () => {
    setLeft(true)
    if (problem === undefined) saveOn(etag)
  }
  return (
    <form
      className={classes.form}
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        submit()
      }}
    >
      <TextInput
        label="Name"
        required
        disabled={variable !== null}
        placeholder="base_url"
        value={name}
        error={wasLeft && variable === null ? nameProblem(name, problem) : undefined}
        onBlur={() => setLeft(name !== '')}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <div>
        <div className={classes.labelLine}>
          <span className={classes.label}>Value</span>
          <span className={classes.kind}>{kind}</span>
        </div>
        <Suspense fallback={<Loader size="sm" aria-label="Loading the editor" />}>
          <JsonEditor label="Value" value={text} onChange={setText} onSubmit={submit} />
        </Suspense>
      </div>
      {save.error === null || newerState(save.error) !== undefined ? null : <Refusal>{messageOf(save.error)}</Refusal>}
      {variable === null ? null : (
        <LostRace
          what={name}
          path={pathOf(name)}
          error={save.error}
          typed={text}
          load={(now: Tagged<EnvVariable>) => {
            setText(textOf(now.thing.value))
            setEtag(now.etag)
            save.reset()
          }}
          putBack={setText}
          saveOver={saveOn}
          isSaving={save.isPending}
        />
      )}
      <div className={classes.buttons}>
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button type="submit" loading={save.isPending}>
          Save
        </Button>
      </div>
    </form>
  )
}

/** The rules are those of reference ids, whose words speak of steps. */
function nameProblem(name: string, problem: string | undefined): string | undefined {
  return name === ''
    ? 'A variable needs a name'
    : problem?.replace('a reference id', 'a name').replace('the reference id', 'the name')
}
