import { Button, Checkbox, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Plug, Plus, Search, Zap } from 'lucide-react'
import { useMemo, useState } from 'react'
import { messageOf } from '../api.ts'
import { EmptyState } from '../components/EmptyState.tsx'
import { Foreign } from '../components/Foreign.tsx'
import { PageBar } from '../components/PageBar.tsx'
import { Page, Refusal } from '../settings/Listing.tsx'
import { Loading } from '../shell/root-route.tsx'
import { ConnectorMark } from './ConnectorMark.tsx'
import classes from './ConnectorsPage.module.css'
import { connectorsQuery, type OwnableConnector } from './connector-queries.ts'
import type { ConnectorListSearch } from './routes.ts'

const route = getRouteApi('/connectors')
const searchDelayMs = 200

/** The catalogue: vendors' apps and the account's own connectors. */
export function ConnectorsPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const connectors = useQuery(connectorsQuery)
  const [text, setText] = useState(search.q ?? '')
  const set = (change: ConnectorListSearch) =>
    void navigate({ search: (before) => dropEmpty({ ...before, ...change }), replace: true })
  const commit = useDebouncedCallback((q: string) => set({ q }), searchDelayMs)
  const apps = useMemo(
    () => (connectors.data ?? []).filter(({ contype }) => contype === 'connector'),
    [connectors.data],
  )
  const tags = useMemo(() => [...new Set(apps.flatMap(({ tags: own }) => own ?? []))].sort(), [apps])
  const shown = apps.filter((each) => matches(each, search))
  const clear = () => {
    setText('')
    void navigate({ search: {}, replace: true })
  }
  return (
    <>
      <PageBar title="Connectors">
        <Button component={Link} to="/new-connector" leftSection={<Plus size={16} aria-hidden />}>
          New connector
        </Button>
      </PageBar>
      <Page>
        <search className={classes.filters} aria-label="Filter connectors">
          <TextInput
            type="search"
            className={classes.search}
            aria-label="Search connectors"
            placeholder="Search by name, tag or action"
            leftSection={<Search size={15} aria-hidden />}
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value)
              commit(event.currentTarget.value)
            }}
          />
          <Select
            aria-label="Tag"
            placeholder="All tags"
            data={tags}
            clearable
            clearButtonProps={{ 'aria-label': 'All tags' }}
            searchable
            value={search.tag ?? null}
            onChange={(tag) => set({ tag: tag ?? '' })}
          />
          <Checkbox
            label="has Trigger by Webhook"
            checked={search.trigger === true}
            onChange={(event) => set({ trigger: event.currentTarget.checked })}
          />
          <Checkbox
            label="Own"
            checked={search.own === true}
            onChange={(event) => set({ own: event.currentTarget.checked })}
          />
        </search>
        {connectors.error === null ? null : <Refusal>{messageOf(connectors.error)}</Refusal>}
        {connectors.data === undefined && connectors.error === null ? <Loading /> : null}
        {connectors.data !== undefined && shown.length === 0 ? (
          <EmptyState
            icon={<Plug size={26} />}
            title={apps.length === 0 ? 'No connectors yet' : 'No connector matches'}
            actions={
              apps.length === 0 ? (
                <Button component={Link} to="/new-connector">
                  New connector
                </Button>
              ) : (
                <Button onClick={clear}>Clear filters</Button>
              )
            }
          >
            A connector is a vendor’s app as data: its logins, actions and webhook trigger. Any app can be added.
          </EmptyState>
        ) : null}
        <ul className={classes.grid} aria-label="Connectors">
          {shown.map((connector) => (
            <li key={connector.name}>
              <Card connector={connector} />
            </li>
          ))}
        </ul>
      </Page>
    </>
  )
}

function Card({ connector }: { connector: OwnableConnector }) {
  const { name, title, description, actions, origin, status } = connector
  return (
    <Link to="/connectors/$name" params={{ name }} className={classes.card}>
      <ConnectorMark name={name} title={title} />
      <span className={classes.words}>
        <span className={classes.title}>
          <Foreign>{title}</Foreign>
          {origin === 'own' ? <span className={classes.mark}>Own</span> : null}
          {status === 'active' ? null : <span className={classes.mark}>{status}</span>}
        </span>
        <span className={classes.text}>
          <Foreign>{description || `${actions.length} actions`}</Foreign>
        </span>
        <span className={classes.facts}>
          {actions.length} {actions.length === 1 ? 'action' : 'actions'}
          {connector.webhook_trigger ? (
            <span className={classes.trigger}>
              <Zap size={12} aria-hidden /> Trigger by Webhook
            </span>
          ) : null}
        </span>
      </span>
    </Link>
  )
}

function matches(connector: OwnableConnector, { q, tag, trigger, own }: ConnectorListSearch): boolean {
  if (trigger && !connector.webhook_trigger) return false
  if (own && connector.origin !== 'own') return false
  if (tag !== undefined && !connector.tags?.includes(tag)) return false
  if (q === undefined) return true
  const { title, name, description = '', tags = [], actions } = connector
  const text = [title, name, description, ...tags, ...actions.map((action) => action.title)].join('\n').toLowerCase()
  return text.includes(q.trim().toLowerCase())
}

function dropEmpty(search: ConnectorListSearch): ConnectorListSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== '' && value !== false))
}
