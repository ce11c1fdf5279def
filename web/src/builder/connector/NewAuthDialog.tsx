import { Button, Modal, PasswordInput, Select, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { messageOf } from '../../api.ts'
import type { ConnectorJson } from '../catalogue.ts'
import panel from '../panel.module.css'
import { useCreateAuth } from './auth-queries.ts'
import classes from './connector.module.css'

type SecretName = 'auth_token' | 'username' | 'password'

/** What each type of login asks for. */
const fieldsOf: Record<string, readonly SecretName[]> = {
  api_key: ['auth_token'],
  basic_auth: ['username', 'password'],
  username_password: ['username', 'password'],
  refreshable_token: ['auth_token'],
  oauth2: ['auth_token'],
}
const titles: Record<string, string> = {
  api_key: 'API key',
  basic_auth: 'Basic auth',
  username_password: 'User name and password',
  refreshable_token: 'Refreshable token',
  oauth2: 'OAuth 2 access token',
}
const labels: Record<SecretName, string> = { auth_token: 'Token', username: 'User name', password: 'Password' }

/** A new login without leaving the flow. Its secrets are written and never read again. */
export function NewAuthDialog({
  opened,
  onClose,
  connector,
  onCreated,
}: {
  opened: boolean
  onClose: () => void
  connector: ConnectorJson
  onCreated: (id: string) => void
}) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={`New connector auth for ${connector.title}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <NewAuthForm connector={connector} onCreated={onCreated} onClose={onClose} />
    </Modal>
  )
}

function NewAuthForm({
  connector,
  onCreated,
  onClose,
}: {
  connector: ConnectorJson
  onCreated: (id: string) => void
  onClose: () => void
}) {
  const declared = Object.keys(connector.auth_config ?? {}).filter((type) => type in fieldsOf)
  const types = declared.length > 0 ? declared : ['api_key', 'basic_auth']
  const create = useCreateAuth()
  const [name, setName] = useState(connector.title)
  const [type, setType] = useState(types[0] ?? 'api_key')
  const [secrets, setSecrets] = useState<Partial<Record<SecretName, string>>>({})
  const submit = (event: FormEvent) => {
    event.preventDefault()
    event.stopPropagation()
    create.mutate(
      { connector: connector.name, name, auth_type: type, ...secrets },
      { onSuccess: ({ id }) => onCreated(id) },
    )
  }
  return (
    <form onSubmit={submit} className={classes.fields}>
      <TextInput label="Name" required value={name} onChange={(event) => setName(event.currentTarget.value)} />
      {types.length > 1 ? (
        <Select
          label="Type"
          data={types.map((each) => ({ value: each, label: titles[each] ?? each }))}
          value={type}
          allowDeselect={false}
          onChange={(next) => {
            setType(next ?? type)
            setSecrets({})
          }}
        />
      ) : null}
      {(fieldsOf[type] ?? []).map((field) => {
        const Input = field === 'username' ? TextInput : PasswordInput
        return (
          <Input
            key={field}
            label={labels[field]}
            autoComplete="off"
            required={field !== 'password'}
            value={secrets[field] ?? ''}
            onChange={(event) => {
              const { value } = event.currentTarget
              setSecrets((before) => ({ ...before, [field]: value }))
            }}
          />
        )
      })}
      {create.error ? (
        <p className={panel.danger} role="alert">
          {messageOf(create.error)}
        </p>
      ) : null}
      <div className={panel.dialogActions}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={create.isPending}>
          Create
        </Button>
      </div>
    </form>
  )
}
