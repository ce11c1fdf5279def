import { Button, Modal } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { announce } from '../components/Announcer.tsx'
import { clockTime } from '../components/TimeAgo.tsx'
import { Loading } from '../shell/root-route.tsx'
import { type AuthJson, allAuthsQuery, useTestAuth } from './auth-queries.ts'
import classes from './BrokenAuths.module.css'
import { useConsent } from './consent.ts'

/** The form is only needed by whoever mends an auth. */
const AuthForm = lazy(() => import('./AuthForm.tsx').then(({ AuthForm }) => ({ default: AuthForm })))

/** A line for each auth among these that the vendor has refused, with the way to connect it anew in place. */
export function BrokenAuths({ ids }: { ids: readonly (string | null | undefined)[] }) {
  const wanted = new Set(ids)
  const auths = useQuery({ ...allAuthsQuery, enabled: ids.some((id) => id != null && id !== '') })
  const broken = (auths.data ?? []).filter(({ id, check }) => wanted.has(id) && check?.ok === false)
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
  const [isOpen, setOpen] = useState(false)
  const consent = useConsent()
  const test = useTestAuth()
  const reconnect = () => (auth.auth_type === 'oauth2' ? consent.start(auth.id) : setOpen(true))
  const saved = () => {
    setOpen(false)
    announce(`${auth.name} saved`)
  }
  return (
    <div className={classes.banner} role="status">
      <TriangleAlert size={16} aria-hidden />
      <span className={classes.text}>
        Auth <b>“{auth.name}”</b> does not work
        {auth.check === null ? null : (
          <>
            {' '}
            since <time title={new Date(auth.check.at).toLocaleString()}>{sinceText(auth.check.at)}</time>:{' '}
            <bdi>{auth.check.message}</bdi>
          </>
        )}
      </span>
      <Button size="compact-sm" onClick={reconnect}>
        Re-connect
      </Button>
      <Button size="compact-sm" variant="default" onClick={() => test.mutate(auth.id)} loading={test.isPending}>
        Test
      </Button>
      {consent.problem === null ? null : (
        <span role="alert" className={classes.problem}>
          {consent.problem}
        </span>
      )}
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={`Change “${auth.name}”`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Suspense fallback={<Loading />}>
          <AuthForm auth={auth} onSaved={saved} onCancel={() => setOpen(false)} />
        </Suspense>
      </Modal>
    </div>
  )
}

function sinceText(at: string): string {
  const isToday = new Date(at).toDateString() === new Date().toDateString()
  return isToday ? clockTime(at) : new Date(at).toLocaleDateString(undefined, { day: 'numeric', month: 'short' })
}
