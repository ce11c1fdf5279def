import { Button, type ButtonProps, Modal } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { announce } from '../components/Announcer.tsx'
import { isolated } from '../components/foreign-text.ts'
import { Loading } from '../shell/root-route.tsx'
import type { AuthJson } from './auth-queries.ts'
import classes from './BrokenAuths.module.css'
import { useConsent } from './consent.ts'

/** The form is only needed by whoever mends an auth. */
const EditAuth = lazy(() => import('./AuthForm.tsx').then(({ EditAuth }) => ({ default: EditAuth })))

/** Connects an auth anew without leaving the page: by the vendor's consent, or by a form for its secrets. */
export function Reconnect({ auth, label, size }: { auth: AuthJson; label: string; size: ButtonProps['size'] }) {
  const [isOpen, setOpen] = useState(false)
  const consent = useConsent()
  const saved = () => {
    setOpen(false)
    announce(`${auth.name} saved`)
  }
  return (
    <>
      <Button
        {...(size === undefined ? {} : { size })}
        onClick={() => (auth.auth_type === 'oauth2' ? consent.start(auth.id) : setOpen(true))}
      >
        {label}
      </Button>
      {consent.problem === null ? null : (
        <span role="alert" className={classes.problem}>
          {consent.problem}
        </span>
      )}
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={`Change “${isolated(auth.name)}”`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Suspense fallback={<Loading />}>
          <EditAuth id={auth.id} onSaved={saved} onCancel={() => setOpen(false)} />
        </Suspense>
      </Modal>
    </>
  )
}
