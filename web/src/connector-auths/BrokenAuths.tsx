import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { Foreign } from '../components/Foreign.tsx'
import { clockTime } from '../components/TimeAgo.tsx'
import { type AuthJson, allAuthsQuery, useTestAuth } from './auth-queries.ts'
import classes from './BrokenAuths.module.css'
import { Reconnect } from './Reconnect.tsx'

/** A line for each auth among these that the vendor has refused, with the way to connect it anew in place. */
export function BrokenAuths({ ids }: { ids: readonly string[] }) {
  const auths = useQuery({ ...allAuthsQuery, enabled: ids.length > 0 })
  const broken = (auths.data ?? []).filter(({ id, check }) => ids.includes(id) && check?.ok === false)
  if (broken.length === 0) return null
  return (
    <div className={classes.list} data-testid="broken-auths">
      {broken.map((auth) => (
        <BrokenAuth key={auth.id} auth={auth} />
      ))}
    </div>
  )
}

function BrokenAuth({ auth }: { auth: AuthJson }) {
  const test = useTestAuth()
  return (
    <div className={classes.banner} role="status">
      <TriangleAlert size={16} aria-hidden />
      <span className={classes.text}>
        Auth{' '}
        <b>
          “<Foreign>{auth.name}</Foreign>”
        </b>{' '}
        does not work
        {auth.check === null ? null : (
          <>
            {' '}
            since <time title={new Date(auth.check.at).toLocaleString()}>{sinceText(auth.check.at)}</time>:{' '}
            <Foreign>{auth.check.message}</Foreign>
          </>
        )}
      </span>
      <Reconnect auth={auth} label="Re-connect" size="compact-sm" />
      <Button size="compact-sm" variant="default" onClick={() => test.mutate(auth.id)} loading={test.isPending}>
        Test
      </Button>
    </div>
  )
}

function sinceText(at: string): string {
  const isToday = new Date(at).toDateString() === new Date().toDateString()
  return isToday ? clockTime(at) : new Date(at).toLocaleDateString(undefined, { day: 'numeric', month: 'short' })
}
