import { Button, Modal } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Plus, Variable } from 'lucide-react'
import { useState } from 'react'
import { stringifyJson } from '../../../src/flow/json.ts'
import { messageOf } from '../api.ts'
import { CopyButton } from '../components/CopyButton.tsx'
import { EmptyState } from '../components/EmptyState.tsx'
import { Foreign } from '../components/Foreign.tsx'
import { PageBar } from '../components/PageBar.tsx'
import { TimeAgo } from '../components/TimeAgo.tsx'
import { Confirm } from '../settings/Confirm.tsx'
import { Listing, Page, Refusal, RowActions } from '../settings/Listing.tsx'
import { Loading } from '../shell/root-route.tsx'
import { EditVariable } from './EditVariable.tsx'
import classes from './EnvVariablesPage.module.css'
import { type EnvVariable, envVariablesQuery, useDeleteVariable } from './env-queries.ts'

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
        {edited === null ? null : (
          <EditVariable name={edited === 'new' ? null : edited.name} close={() => setEdited(null)} />
        )}
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
        <Foreign className={classes.value}>{stringifyJson(value)}</Foreign>
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
