import { Button, PasswordInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState, useSyncExternalStore } from 'react'
import { call, messageOf } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import { Card, Facts } from './Card.tsx'
import { cspReports, onCspReport } from './csp-reports.ts'
import { Refusal } from './Listing.tsx'

const minPasswordLength = 12

/** Password, sessions, and what the browser has refused to load. */
export function Security() {
  const client = useQueryClient()
  const everywhere = useMutation({
    mutationFn: () => call<unknown>('DELETE', 'session', { query: { everywhere: true } }),
    onSuccess: () => client.resetQueries(),
  })
  return (
    <>
      <Password />
      <Card title="Sessions" text="A session lasts 7 days at most, wherever you are signed in.">
        <Button variant="default" onClick={() => everywhere.mutate()} loading={everywhere.isPending}>
          Sign out everywhere
        </Button>
        {everywhere.error === null ? null : <Refusal>{messageOf(everywhere.error)}</Refusal>}
      </Card>
      <Csp />
    </>
  )
}

function Password() {
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const change = useMutation({
    mutationFn: () => call<unknown>('PATCH', 'session', { body: { current_password: current, password } }),
    onSuccess: () => {
      setCurrent('')
      setPassword('')
      announce('Password changed')
    },
  })
  return (
    <Card title="Password" text="A new password ends all your other sessions.">
      <form
        style={{ display: 'grid', gap: 12, width: 'min(340px, 100%)' }}
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          change.mutate()
        }}
      >
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          required
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          description={`At least ${minPasswordLength} characters`}
          autoComplete="new-password"
          required
          minLength={minPasswordLength}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={change.isPending}>
          Change password
        </Button>
        {change.isSuccess ? <span role="status">The password was changed.</span> : null}
        {change.error === null ? null : <Refusal>{messageOf(change.error)}</Refusal>}
      </form>
    </Card>
  )
}

function Csp() {
  const reports = useSyncExternalStore(onCspReport, cspReports)
  return (
    <Card
      title="Content Security Policy"
      text="Hookline’s pages load nothing from elsewhere and run no text as code. What the browser refused in this tab is listed here; there should be nothing."
    >
      {reports.length === 0 ? (
        <span>Nothing was refused.</span>
      ) : (
        <Facts facts={reports.map(({ directive, blocked }) => [directive, blocked])} />
      )}
    </Card>
  )
}
