import { Anchor, Button, Tabs, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { KeyRound, Pencil, Search, Trash2, Zap } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { ApiError, messageOf } from '../api.ts'
import { Foreign } from '../components/Foreign.tsx'
import { isolated } from '../components/foreign-text.ts'
import { PageBar } from '../components/PageBar.tsx'
import { authTypesOf, fieldsOf } from '../connector-auths/auth-form.ts'
import { Confirm } from '../settings/Confirm.tsx'
import { Listing, Page, Refusal, RowActions } from '../settings/Listing.tsx'
import { UsedBy } from '../settings/UsedBy.tsx'
import { Loading, NotFound } from '../shell/root-route.tsx'
import { ConnectorMark } from './ConnectorMark.tsx'
import classes from './ConnectorPage.module.css'
import { connectorQuery, endpointOf, type OwnableConnector, useDeleteConnector } from './connector-queries.ts'
import { TriggerTab } from './TriggerTab.tsx'

/** Forms and editors are only needed by whoever tries an action. */
const TestTab = lazy(() => import('./TestTab.tsx'))

const route = getRouteApi('/connectors/$name')

/** One connector: what it can do, how one logs in, and how its webhooks are set up. */
export function ConnectorPage() {
  const { name } = route.useParams()
  const connector = useQuery(connectorQuery(name))
  if (connector.error instanceof ApiError && connector.error.status === 404)
    return <NotFound what="connector" list="connectors" />
  if (connector.error !== null) return <Refusal>{messageOf(connector.error)}</Refusal>
  if (connector.data === undefined) return <Loading />
  return <Loaded connector={connector.data} />
}

function Loaded({ connector }: { connector: OwnableConnector }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const hasAuth = Object.keys(connector.auth_config ?? {}).length > 0
  return (
    <>
      <PageBar title={connector.title}>
        {hasAuth ? (
          <Button
            variant="default"
            leftSection={<KeyRound size={15} aria-hidden />}
            renderRoot={(props) => <Link {...props} to="/connector-auths" search={{ connect: connector.name }} />}
          >
            New auth
          </Button>
        ) : null}
        {connector.origin === 'own' ? <OwnerActions connector={connector} /> : null}
      </PageBar>
      <Page>
        <div className={classes.about}>
          <ConnectorMark name={connector.name} title={connector.title} size={48} />
          <div className={classes.words}>
            <p className={classes.text}>
              <Foreign>{connector.description || 'A connector without a description.'}</Foreign>
            </p>
            <p className={classes.facts}>
              <code>{connector.name}</code>
              {connector.base_domain === undefined ? null : (
                <span>
                  <Foreign>{connector.base_domain}</Foreign>
                </span>
              )}
              {connector.tags?.map((tag) => (
                <Link key={tag} to="/connectors" search={{ tag }} className={classes.tag}>
                  {tag}
                </Link>
              ))}
              {connector.external_docs === undefined ? null : (
                <Anchor size="sm" href={connector.external_docs} target="_blank" rel="noreferrer">
                  Documentation
                </Anchor>
              )}
            </p>
          </div>
        </div>
        <Tabs
          value={search.tab ?? 'actions'}
          onChange={(tab) => void navigate({ search: tab === 'actions' || tab === null ? {} : { tab }, replace: true })}
          keepMounted={false}
        >
          <Tabs.List aria-label="About this connector">
            <Tabs.Tab value="actions">Actions ({connector.actions.length})</Tabs.Tab>
            {connector.contype === 'connector' ? <Tabs.Tab value="test">Test</Tabs.Tab> : null}
            <Tabs.Tab value="auth">Auth types</Tabs.Tab>
            <Tabs.Tab value="trigger">Webhook trigger</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="actions" pt="md">
            <Actions connector={connector} />
          </Tabs.Panel>
          {connector.contype === 'connector' ? (
            <Tabs.Panel value="test" pt="md">
              <Suspense fallback={<Loading />}>
                <TestTab connector={connector} />
              </Suspense>
            </Tabs.Panel>
          ) : null}
          <Tabs.Panel value="auth" pt="md">
            <AuthTypes connector={connector} />
          </Tabs.Panel>
          <Tabs.Panel value="trigger" pt="md">
            <TriggerTab connector={connector} />
          </Tabs.Panel>
        </Tabs>
      </Page>
    </>
  )
}

function OwnerActions({ connector: { name, title } }: { connector: OwnableConnector }) {
  const navigate = useNavigate()
  const remove = useDeleteConnector()
  const [isDeleting, setDeleting] = useState(false)
  return (
    <>
      <Button
        variant="default"
        leftSection={<Pencil size={15} aria-hidden />}
        renderRoot={(props) => <Link {...props} to="/connectors/$name/edit" params={{ name }} />}
      >
        Edit
      </Button>
      <Button variant="default" leftSection={<Trash2 size={15} aria-hidden />} onClick={() => setDeleting(true)}>
        Delete
      </Button>
      <Confirm
        opened={isDeleting}
        onClose={() => {
          setDeleting(false)
          remove.reset()
        }}
        title={`Delete “${isolated(title)}”?`}
        action="Delete"
        danger
        isPending={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(name, { onSuccess: () => void navigate({ to: '/connectors' }) })}
      >
        Its actions can’t be used any more. Connector auths made for it stay.
        <UsedBy error={remove.error} />
      </Confirm>
    </>
  )
}

function Actions({ connector: { name: connectorName, contype, actions } }: { connector: OwnableConnector }) {
  const [text, setText] = useState('')
  const wanted = text.trim().toLowerCase()
  const shown = actions.filter(({ name, title, description = '', summary = '' }) =>
    `${name}\n${title}\n${description}\n${summary}`.toLowerCase().includes(wanted),
  )
  if (actions.length === 0) return <p className={classes.none}>It has no actions.</p>
  return (
    <div className={classes.stack}>
      <TextInput
        type="search"
        className={classes.search}
        aria-label="Search actions"
        placeholder="Search actions"
        leftSection={<Search size={15} aria-hidden />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {shown.length === 0 ? (
        <p className={classes.none}>No action called “{text}”.</p>
      ) : (
        <Listing caption="Actions" columns={['Action', 'Request', 'Tag', '']}>
          {shown.map((action) => (
            <tr key={action.name}>
              <td>
                <strong className={classes.action}>
                  <Foreign>{action.title}</Foreign>
                </strong>
                <span className={classes.sub}>
                  <Foreign>{action.description ?? action.summary ?? action.name}</Foreign>{' '}
                  {action.docs === undefined ? null : (
                    <Anchor
                      size="xs"
                      href={action.docs}
                      target="_blank"
                      rel="noreferrer"
                      aria-label={`Documentation of ${action.title}`}
                    >
                      Documentation
                    </Anchor>
                  )}
                </span>
              </td>
              <td>
                <code className={classes.request}>
                  {action.method ?? 'GET'} <Foreign>{endpointOf(action)}</Foreign>
                </code>
              </td>
              <td className={classes.sub}>{action.tag ?? ''}</td>
              <td>
                {contype === 'connector' && (action.status ?? 'active') === 'active' ? (
                  <RowActions>
                    <Button
                      size="compact-sm"
                      variant="default"
                      renderRoot={(props) => (
                        <Link
                          {...props}
                          to="/connectors/$name"
                          params={{ name: connectorName }}
                          search={{ tab: 'test', action: action.name }}
                          aria-label={`Test ${action.title}`}
                        />
                      )}
                    >
                      Test
                    </Button>
                  </RowActions>
                ) : null}
              </td>
            </tr>
          ))}
        </Listing>
      )}
    </div>
  )
}

function AuthTypes({ connector }: { connector: OwnableConnector }) {
  if (Object.keys(connector.auth_config ?? {}).length === 0) {
    return <p className={classes.none}>It asks for no login.</p>
  }
  return (
    <div className={classes.stack}>
      {authTypesOf(connector).map((type) => (
        <section key={type.name} className={classes.card} aria-label={type.title}>
          <h2 className={classes.heading}>
            {type.title} <code className={classes.sub}>{type.name}</code>
          </h2>
          {type.help === null ? null : <p className={classes.text}>{type.help}</p>}
          <ul className={classes.fields}>
            {fieldsOf(connector, type.name, {}).map(({ path, label, kind, required }) => (
              <li key={path}>
                <Foreign>{label}</Foreign>{' '}
                {kind === 'secret' ? <span className={classes.sub}>secret, write-only</span> : null}
                {required ? null : <span className={classes.sub}>optional</span>}
              </li>
            ))}
          </ul>
          {type.consents ? (
            <p className={classes.sub}>
              <Zap size={12} aria-hidden /> Asks for consent in a window of the vendor’s.
            </p>
          ) : null}
        </section>
      ))}
    </div>
  )
}
