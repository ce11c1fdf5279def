import { Button, Loader, Modal, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Plus, Variable } from 'lucide-react'
import { type FormEvent, lazy, Suspense, useState } from 'react'
import { stringifyJson } from '../../../src/flow/json.ts'
import { refProblem } from '../../../src/flow/ref.ts'
import { messageOf } from '../api.ts'
import { CopyButton } from '../components/CopyButton.tsx'
import { EmptyState } from '../components/EmptyState.tsx'
import { PageBar } from '../components/PageBar.tsx'
import { TimeAgo } from '../components/TimeAgo.tsx'
import { Confirm } from '../settings/Confirm.tsx'
import { Listing, Page, Refusal, RowActions } from '../settings/Listing.tsx'
import { Loading } from '../shell/root-route.tsx'
import classes from './EnvVariablesPage.module.css'
import {
  type EnvVariable,
  envVariablesQuery,
  readValue,
  textOf,
  useAddVariable,
  useDeleteVariable,
  useSetVariable,
} from './env-queries.ts'

const JsonEditor = lazy(() => import('../runs/JsonEditor.tsx'))

/** Values that every template of the account sees by name. */
export function EnvVariablesPage() {
  const variables = useQuery(envVariablesQuery)
  const [edited, setEdited] = useState<EnvVariable | 'new' | null>(null)
  const create = () => setEdited('new')
  return (
    <>
      <PageBar title="Env Variables">
        {variables.data?.length ? (
          <Button leftSection={<Plus size={16} aria-hidden />} onClick={create}>
            New variable
          </Button>
        ) : null}
      </PageBar>
      <Page>
        {variables.error === null ? null : <Refusal>{messageOf(variables.error)}</Refusal>}
        {variables.data === undefined && variables.error === null ? <Loading /> : null}
        {variables.data?.length === 0 ? (
          <EmptyState
            icon={<Variable size={26} />}
            title="No env variables yet"
            actions={<Button onClick={create}>New variable</Button>}
          >
            A variable named base_url is {'{{ base_url }}'} in every template of the account. For logins use connector
            auths.
          </EmptyState>
        ) : null}
        {variables.data?.length ? (
          <Listing caption="Env variables" columns={['Name', 'Value', 'Changed', '']}>
            {variables.data.map((variable) => (
              <Row key={variable.name} variable={variable} edit={() => setEdited(variable)} />
            ))}
          </Listing>
        ) : null}
      </Page>
      <Modal
        opened={edited !== null}
        onClose={() => setEdited(null)}
        title={edited === 'new' || edited === null ? 'New env variable' : `Change ${edited.name}`}
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {edited === null ? null : <Form variable={edited === 'new' ? null : edited} close={() => setEdited(null)} />}
      </Modal>
    </>
  )
}

function Row({ variable, edit }: { variable: EnvVariable; edit: () => void }) {
  const { name, value } = variable
  const remove = useDeleteVariable()
  const [isDeleting, setDeleting] = useState(false)
  return (
    <tr>
      <td>
        <code className={classes.name}>{name}</code>
      </td>
      <td>
        <bdi className={classes.value}>{stringifyJson(value)}</bdi>
      </td>
      <td className={classes.quiet} data-label="Changed">
        <TimeAgo at={variable.updated_at} />
      </td>
      <td>
        <RowActions>
          <CopyButton label={`Copy {{ ${name} }}`} value={`{{ ${name} }}`} />
          <Button size="xs" variant="default" onClick={edit} aria-label={`Change ${name}`}>
            Change
          </Button>
          <Button size="xs" variant="default" onClick={() => setDeleting(true)} aria-label={`Delete ${name}`}>
            Delete
          </Button>
        </RowActions>
        <Confirm
          opened={isDeleting}
          onClose={() => setDeleting(false)}
          title={`Delete ${name}?`}
          action="Delete"
          danger
          isPending={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(name)}
        >
          Templates that use it then see nothing in its place.
        </Confirm>
      </td>
    </tr>
  )
}

function Form({ variable, close }: { variable: EnvVariable | null; close: () => void }) {
  const add = useAddVariable()
  const set = useSetVariable()
  const save = variable === null ? add : set
  const [name, setName] = useState(variable?.name ?? '')
  const [text, setText] = useState(variable === null ? '' : textOf(variable.value))
  const [wasLeft, setLeft] = useState(false)
  const problem = refProblem(name)
  const { value, kind } = readValue(text)
  const submit = () => {
    setLeft(true)
    if (problem === undefined) save.mutate({ name, value }, { onSuccess: close })
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
      {save.error === null ? null : <Refusal>{messageOf(save.error)}</Refusal>}
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
