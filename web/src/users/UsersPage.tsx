import { ActionIcon, Button, Menu, Modal, PasswordInput, Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { MoreHorizontal, Plus } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { useSession } from '../access/session.ts'
import { messageOf } from '../api.ts'
import { Foreign } from '../components/Foreign.tsx'
import { isolated } from '../components/foreign-text.ts'
import { newerState, useOpened } from '../components/opened.ts'
import { PageBar } from '../components/PageBar.tsx'
import { TimeAgo } from '../components/TimeAgo.tsx'
import { Confirm } from '../settings/Confirm.tsx'
import { Listing, Page, Refusal, RowActions } from '../settings/Listing.tsx'
import { Loading } from '../shell/root-route.tsx'
import classes from './UsersPage.module.css'
import {
  pathOf,
  type UserJson,
  useAddUser,
  useChangeUser,
  useDeleteUser,
  usersQuery,
  useSetPassword,
} from './user-queries.ts'

const minPasswordLength = 12
const roles = [
  { value: 'admin', label: 'Admin: may do everything' },
  { value: 'member', label: 'Member: no users, settings and connectors' },
]

/** The people of the account. */
export function UsersPage() {
  const users = useQuery(usersQuery)
  const { user: me } = useSession()
  const isAdmin = me?.role === 'admin'
  const [isAdding, setAdding] = useState(false)
  return (
    <>
      <PageBar title="Users">
        {isAdmin ? (
          <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => setAdding(true)}>
            New user
          </Button>
        ) : null}
      </PageBar>
      <Page>
        {users.error === null ? null : <Refusal>{messageOf(users.error)}</Refusal>}
        {users.data === undefined && users.error === null ? <Loading /> : null}
        {users.data === undefined ? null : (
          <Listing caption="Users" columns={['Name', 'Email', 'Role', 'Since', ...(isAdmin ? [''] : [])]}>
            {users.data.map((user) => (
              <Row key={user.id} user={user} isMe={user.id === me?.id} isAdmin={isAdmin} />
            ))}
          </Listing>
        )}
      </Page>
      <Modal
        opened={isAdding}
        onClose={() => setAdding(false)}
        title="New user"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <NewUser close={() => setAdding(false)} />
      </Modal>
    </>
  )
}

function Row({ user, isMe, isAdmin }: { user: UserJson; isMe: boolean; isAdmin: boolean }) {
  const name = user.name === '' ? user.email : user.name
  return (
    <tr>
      <td className={classes.name}>
        <Foreign>{name}</Foreign> {isMe ? <span className={classes.mark}>you</span> : null}
        {user.disabled ? <span className={classes.mark}>disabled</span> : null}
      </td>
      <td>
        <Foreign>{user.email}</Foreign>
      </td>
      <td>{user.role === 'admin' ? 'Admin' : 'Member'}</td>
      <td className={classes.quiet} data-label="Since">
        <TimeAgo at={user.created_at} />
      </td>
      {isAdmin ? (
        <td>
          <RowActions>{isMe ? null : <UserMenu user={user} name={name} />}</RowActions>
        </td>
      ) : null}
    </tr>
  )
}

function UserMenu({ user, name }: { user: UserJson; name: string }) {
  const change = useChangeUser()
  const remove = useDeleteUser()
  const [dialog, setDialog] = useState<'delete' | 'password' | null>(null)
  const set = (fields: Parameters<typeof change.mutate>[0]['change']) => change.mutate({ shown: user, change: fields })
  return (
    <>
      {change.error === null || dialog !== null ? null : (
        <span role="alert" className={classes.problem}>
          {messageOf(change.error)}
        </span>
      )}
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <ActionIcon size="lg" aria-label={`Actions for ${name}`}>
            <MoreHorizontal size={17} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown aria-label={`Actions for ${name}`}>
          <Menu.Item onClick={() => set({ role: user.role === 'admin' ? 'member' : 'admin' })}>
            Make {user.role === 'admin' ? 'member' : 'admin'}
          </Menu.Item>
          <Menu.Item onClick={() => setDialog('password')}>Set a new password…</Menu.Item>
          <Menu.Item onClick={() => set({ disabled: !user.disabled })}>
            {user.disabled ? 'Enable' : 'Disable'}
          </Menu.Item>
          <Menu.Item color="red" onClick={() => setDialog('delete')}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Confirm
        opened={dialog === 'delete'}
        onClose={() => setDialog(null)}
        title={`Delete ${isolated(name)}?`}
        action="Delete"
        danger
        isPending={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(user.id)}
      >
        Their tokens and sessions end at once. Their flows stay.
      </Confirm>
      <Modal
        opened={dialog === 'password'}
        onClose={() => setDialog(null)}
        title={`New password for ${isolated(name)}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <NewPassword id={user.id} close={() => setDialog(null)} />
      </Modal>
    </>
  )
}

function NewPassword({ id, close }: { id: string; close: () => void }) {
  const { data: opened } = useOpened<UserJson>(pathOf(id))
  const save = useSetPassword()
  const [password, setPassword] = useState('')
  const newer = newerState(save.error)
  return (
    <form
      className={classes.form}
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        save.mutate({ id, password, ifMatch: newer ?? opened?.etag }, { onSuccess: close })
      }}
    >
      <PasswordInput
        label="New password"
        description={`At least ${minPasswordLength} characters; they are signed out everywhere`}
        autoComplete="new-password"
        required
        minLength={minPasswordLength}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      {save.error === null ? null : (
        <Refusal>
          {newer === undefined
            ? messageOf(save.error)
            : 'This user was changed meanwhile, and may have a new password already. Yours is not set.'}
        </Refusal>
      )}
      <div className={classes.buttons}>
        <Button type="submit" loading={save.isPending}>
          {newer === undefined ? 'Set password' : 'Set it all the same'}
        </Button>
      </div>
    </form>
  )
}

function NewUser({ close }: { close: () => void }) {
  const add = useAddUser()
  const [fields, setFields] = useState({ name: '', email: '', role: 'member' as UserJson['role'], password: '' })
  const set = (change: Partial<typeof fields>) => setFields((before) => ({ ...before, ...change }))
  return (
    <form
      className={classes.form}
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        add.mutate(fields, { onSuccess: close })
      }}
    >
      <TextInput
        label="Name"
        autoComplete="off"
        value={fields.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
        data-autofocus
      />
      <TextInput
        label="Email"
        type="email"
        autoComplete="off"
        required
        value={fields.email}
        onChange={(event) => set({ email: event.currentTarget.value })}
      />
      <Select
        label="Role"
        data={roles}
        allowDeselect={false}
        value={fields.role}
        onChange={(role) => set({ role: (role ?? 'member') as UserJson['role'] })}
      />
      <PasswordInput
        label="Password"
        description={`At least ${minPasswordLength} characters; hand it over in a safe way`}
        autoComplete="new-password"
        required
        minLength={minPasswordLength}
        value={fields.password}
        onChange={(event) => set({ password: event.currentTarget.value })}
      />
      {add.error === null ? null : <Refusal>{messageOf(add.error)}</Refusal>}
      <div className={classes.buttons}>
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button type="submit" loading={add.isPending}>
          Add user
        </Button>
      </div>
    </form>
  )
}
