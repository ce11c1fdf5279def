import { Button, PasswordInput, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useId, useState } from 'react'
import { ApiError, messageOf } from '../api.ts'
import { Logo } from '../shell/Logo.tsx'
import classes from './Entrance.module.css'
import { useSetup, useSignIn } from './session.ts'

const minPasswordLength = 12

/** The door: email and password. */
export function SignIn() {
  const signIn = useSignIn()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate({ email, password })
  }
  return (
    <Entrance title="Sign in to Hookline" onSubmit={submit} error={signIn.error}>
      <TextInput
        label="Email"
        type="email"
        autoComplete="username"
        required
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        size="md"
      />
      <PasswordInput
        label="Password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        size="md"
      />
      <Button type="submit" size="md" loading={signIn.isPending}>
        Sign in
      </Button>
    </Entrance>
  )
}

/** The first visit to a new server: whoever has the address that it showed at its start makes the admin. */
export function FirstRun() {
  const setup = useSetup()
  const [token, setToken] = useState(tokenOfAddress)
  const [asksToken, setAsksToken] = useState(token === '')
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const tooShort = password !== '' && password.length < minPasswordLength
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (password.length < minPasswordLength) return
    const onError = (error: Error) => {
      // An address with an old or a cut token: only now is it worth a field.
      if (error instanceof ApiError && error.code === 'forbidden') setAsksToken(true)
    }
    setup.mutate({ token: token.trim(), name, email, password }, { onError })
  }
  return (
    <Entrance title="Welcome to Hookline" onSubmit={submit} error={setup.error}>
      <p className={classes.lead}>Create the admin of this server. You can invite others later.</p>
      {asksToken ? (
        <TextInput
          label="Setup token"
          description="The server shows it, and an address that contains it, when it starts."
          autoComplete="off"
          required
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          size="md"
        />
      ) : null}
      <TextInput
        label="Your name"
        autoComplete="name"
        required
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        size="md"
      />
      <TextInput
        label="Email"
        type="email"
        autoComplete="username"
        required
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        size="md"
      />
      <PasswordInput
        label="Password"
        description={`At least ${minPasswordLength} characters`}
        autoComplete="new-password"
        required
        value={password}
        error={tooShort ? `${minPasswordLength - password.length} more characters` : undefined}
        onChange={(event) => setPassword(event.currentTarget.value)}
        size="md"
      />
      <Button type="submit" size="md" loading={setup.isPending}>
        Create admin
      </Button>
    </Entrance>
  )
}

/** The address that the server shows at its start is `/setup#token=…`: behind `#`, so that it is in no log. */
function tokenOfAddress(): string {
  return new URLSearchParams(window.location.hash.slice(1)).get('token') ?? ''
}

/** The page has nothing but this form: typing goes to its first field at once. */
function focusFirst(form: HTMLFormElement | null): void {
  form?.querySelector('input')?.focus()
}

function Entrance({
  title,
  onSubmit,
  error,
  children,
}: {
  title: string
  onSubmit: (event: FormEvent) => void
  error: unknown
  children: ReactNode
}) {
  const heading = useId()
  return (
    <main className={classes.page}>
      <form ref={focusFirst} className={classes.card} onSubmit={onSubmit} aria-labelledby={heading}>
        <Logo size={44} />
        <h1 id={heading} className={classes.title}>
          {title}
        </h1>
        {children}
        {error ? (
          <p className={classes.refused} role="alert">
            {messageOf(error)}
          </p>
        ) : null}
      </form>
    </main>
  )
}
