import { Button, Loader } from '@mantine/core'
import type { QueryClient } from '@tanstack/react-query'
import { useQuery } from '@tanstack/react-query'
import { createRootRouteWithContext, type ErrorComponentProps, Link } from '@tanstack/react-router'
import { Compass, PlugZap } from 'lucide-react'
import { FirstRun, SignIn } from '../access/Entrance.tsx'
import { sessionQuery } from '../access/session.ts'
import { messageOf } from '../api.ts'
import { EmptyState } from '../components/EmptyState.tsx'
import { Shell } from './Shell.tsx'

/** The root of all routes: the door first, then the shell with the page in it. */
export const rootRoute = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Gate,
  notFoundComponent: () => <NotFound />,
  errorComponent: PageError,
})

function Gate() {
  const { data, error, refetch } = useQuery(sessionQuery)
  if (error) {
    return (
      <EmptyState
        icon={<PlugZap size={26} />}
        title="Hookline can’t be reached"
        actions={<Button onClick={() => void refetch()}>Try again</Button>}
      >
        {messageOf(error)}
      </EmptyState>
    )
  }
  if (data === undefined) return <Loading />
  if (data.kind === 'first-run') return <FirstRun />
  if (data.kind === 'signed-out') return <SignIn />
  return <Shell />
}

/** Shown only when something takes longer than a moment, so that quick pages don't flash. */
export function Loading() {
  return (
    <div style={{ display: 'grid', placeItems: 'center', padding: 96 }}>
      <Loader size="sm" aria-label="Loading" role="status" />
    </div>
  )
}

/** An address that leads nowhere; the way back is that of the list in which such a thing stands. */
export function NotFound({ what = 'page', list = 'flows' }: { what?: string; list?: 'flows' | 'runs' | 'connectors' }) {
  return (
    <EmptyState
      icon={<Compass size={26} />}
      title={`There is no such ${what}`}
      actions={
        <Button component={Link} to={`/${list}`}>
          Back to the {list}
        </Button>
      }
    >
      It may have been deleted, or the address has a mistake in it.
    </EmptyState>
  )
}

function PageError({ error, reset }: ErrorComponentProps) {
  return (
    <EmptyState
      icon={<PlugZap size={26} />}
      title="This page has stopped working"
      actions={
        <>
          <Button onClick={reset}>Reload page</Button>
          <Button component={Link} to="/flows" variant="default">
            Back to the flows
          </Button>
        </>
      }
    >
      {messageOf(error)}
    </EmptyState>
  )
}
