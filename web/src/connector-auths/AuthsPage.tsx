import { ActionIcon, Button, Menu, Modal, Popover } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { CircleCheck, CircleHelp, CircleX, KeyRound, MoreHorizontal, Plus } from 'lucide-react'
import { useState } from 'react'
import { messageOf } from '../api.ts'
import { catalogueQuery } from '../builder/catalogue.ts'
import { announce } from '../components/Announcer.tsx'
import { EmptyState } from '../components/EmptyState.tsx'
import { Foreign } from '../components/Foreign.tsx'
import { isolated } from '../components/foreign-text.ts'
import { PageBar } from '../components/PageBar.tsx'
import { clockTime, TimeAgo } from '../components/TimeAgo.tsx'
import { Confirm } from '../settings/Confirm.tsx'
import { Listing, Page, Refusal, RowActions } from '../settings/Listing.tsx'
import { FlowLinks } from '../settings/UsedBy.tsx'
import { Loading } from '../shell/root-route.tsx'
import { AuthForm, EditAuth } from './AuthForm.tsx'
import classes from './AuthsPage.module.css'
import { typeTitle } from './auth-form.ts'
import { type AuthJson, allAuthsQuery, useDeleteAuth, useTestAuth } from './auth-queries.ts'
import { useConsent } from './consent.ts'

const route = getRouteApi('/connector-auths')

/** The account's credentials: whether they work, what uses them, and how they are mended. */
export function AuthsPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const auths = useQuery(allAuthsQuery)
  const consent = useConsent()
  const edited = auths.data?.find(({ id }) => id === search.auth)
  const isNew = search.connect !== undefined
  const close = () => void navigate({ search: {} })
  const create = () => void navigate({ search: { connect: 'choose' } })
  const saved = (auth: AuthJson) => {
    announce(`${auth.name} saved`)
    close()
    if (auth.auth_type === 'oauth2' && !auth.secrets_set.includes('access_token')) consent.start(auth.id)
  }
  return (
    <>
      <PageBar title="Connector Auths">
        {auths.data?.length ? (
          <Button leftSection={<Plus size={16} aria-hidden />} onClick={create}>
            New auth
          </Button>
        ) : null}
      </PageBar>
      <Page>
        {auths.error === null ? null : <Refusal>{messageOf(auths.error)}</Refusal>}
        {consent.problem === null ? null : <Refusal>{consent.problem}</Refusal>}
        {auths.data === undefined && auths.error === null ? <Loading /> : null}
        {auths.data?.length === 0 ? (
          <EmptyState
            icon={<KeyRound size={26} />}
            title="No connector auths yet"
            actions={<Button onClick={create}>New auth</Button>}
          >
            A connector auth is a stored login of a vendor’s app. Steps use it without ever seeing its secrets.
          </EmptyState>
        ) : null}
        {auths.data?.length ? (
          <Auths auths={auths.data} reconnect={consent.start} edit={(auth) => void navigate({ search: { auth } })} />
        ) : null}
      </Page>
      <Modal
        // Also when somebody else deletes it meanwhile: what is typed stays.
        opened={isNew || search.auth !== undefined}
        onClose={close}
        title={isNew ? 'New connector auth' : `Change “${isolated(edited?.name ?? 'a connector auth')}”`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {search.auth === undefined ? (
          <AuthForm
            key={search.connect}
            opened={null}
            connector={search.connect === 'choose' ? undefined : search.connect}
            onSaved={saved}
            onCancel={close}
          />
        ) : (
          <EditAuth key={search.auth} id={search.auth} onSaved={saved} onCancel={close} />
        )}
      </Modal>
    </>
  )
}

function Auths({
  auths,
  edit,
  reconnect,
}: {
  auths: readonly AuthJson[]
  edit: (id: string) => void
  reconnect: (id: string) => void
}) {
  const catalogue = useQuery(catalogueQuery)
  return (
    <Listing caption="Connector auths" columns={['Name', 'Connector', 'Type', 'Status', 'Used by', 'Last check', '']}>
      {auths.map((auth) => (
        <AuthRow
          key={auth.id}
          auth={auth}
          connectorTitle={catalogue.data?.connectors.get(auth.connector)?.title ?? auth.connector}
          edit={() => edit(auth.id)}
          reconnect={() => (auth.auth_type === 'oauth2' ? reconnect(auth.id) : edit(auth.id))}
        />
      ))}
    </Listing>
  )
}

function AuthRow({
  auth,
  connectorTitle,
  edit,
  reconnect,
}: {
  auth: AuthJson
  connectorTitle: string
  edit: () => void
  reconnect: () => void
}) {
  const test = useTestAuth()
  const remove = useDeleteAuth()
  const [isDeleting, setDeleting] = useState(false)
  const isBroken = auth.check?.ok === false || (test.data?.tested === true && !test.data.ok)
  return (
    <tr>
      <td>
        <button type="button" className={classes.name} onClick={edit}>
          <Foreign>{auth.name}</Foreign>
        </button>
      </td>
      <td>{connectorTitle}</td>
      <td>{typeTitle(auth.auth_type)}</td>
      <td>
        <Health auth={auth} />
        {test.data === undefined ? null : (
          <p className={classes.said} role="status" data-ok={test.data.ok || !test.data.tested}>
            <Foreign>{test.data.message}</Foreign>
          </p>
        )}
        {test.error === null ? null : (
          <p className={classes.said} role="alert" data-ok={false}>
            {messageOf(test.error)}
          </p>
        )}
      </td>
      <td data-label="Used by">
        <Uses auth={auth} />
      </td>
      <td className={classes.quiet} data-label="Last check">
        {auth.check === null ? 'never' : <TimeAgo at={auth.check.at} />}
      </td>
      <td>
        <RowActions>
          {isBroken ? (
            <Button size="xs" onClick={reconnect}>
              Re-connect
            </Button>
          ) : null}
          <Button
            size="xs"
            variant="default"
            onClick={() => test.mutate(auth.id)}
            loading={test.isPending}
            aria-label={`Test ${auth.name}`}
          >
            Test
          </Button>
          <Menu position="bottom-end" width={180}>
            <Menu.Target>
              <ActionIcon size="lg" aria-label={`Actions for ${auth.name}`}>
                <MoreHorizontal size={17} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown aria-label={`Actions for ${auth.name}`}>
              <Menu.Item onClick={edit}>Change…</Menu.Item>
              {auth.auth_type === 'oauth2' ? <Menu.Item onClick={reconnect}>Connect again…</Menu.Item> : null}
              <Menu.Item color="red" onClick={() => setDeleting(true)}>
                Delete…
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </RowActions>
        <Confirm
          opened={isDeleting}
          onClose={() => {
            setDeleting(false)
            remove.reset()
          }}
          title={`Delete “${isolated(auth.name)}”?`}
          action="Delete"
          danger
          isBlocked={auth.used_by.length > 0}
          isPending={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(auth.id, { onSuccess: () => setDeleting(false) })}
        >
          {auth.used_by.length === 0 ? (
            'No flow uses it. Its secrets are deleted with it.'
          ) : (
            <>
              Flows use it: choose another auth in them first.
              <FlowLinks flows={auth.used_by} />
            </>
          )}
        </Confirm>
      </td>
    </tr>
  )
}

function Health({ auth: { check } }: { auth: AuthJson }) {
  if (check === null) {
    return (
      <span className={classes.health} data-state="unknown">
        <CircleHelp size={14} aria-hidden /> not tested
      </span>
    )
  }
  return check.ok ? (
    <span className={classes.health} data-state="ok">
      <CircleCheck size={14} aria-hidden /> works
    </span>
  ) : (
    <span className={classes.health} data-state="bad">
      <CircleX size={14} aria-hidden />
      <span>
        <Foreign>{check.message}</Foreign> since {clockTime(check.at)}
      </span>
    </span>
  )
}

/** How many flows use it; pressed, which ones. */
function Uses({ auth: { name, used_by } }: { auth: AuthJson }) {
  if (used_by.length === 0) return '–'
  return (
    <Popover position="bottom-start" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className={classes.name} aria-label={`${usesText(used_by.length)}: which use ${name}`}>
          {usesText(used_by.length)}
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label={`Flows that use ${name}`}>
        <FlowLinks flows={used_by} />
      </Popover.Dropdown>
    </Popover>
  )
}

function usesText(count: number): string {
  return count === 1 ? '1 flow' : `${count} flows`
}
