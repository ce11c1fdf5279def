import { Button, SegmentedControl, Switch, TextInput, useMantineColorScheme } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { type Session, sessionQuery, useSession } from '../access/session.ts'
import { call, messageOf, type Tagged } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import { LostRace } from '../components/LostRace.tsx'
import { newerState, useOpened } from '../components/opened.ts'
import { showSheet } from '../shell/palette-state.ts'
import { setSingleKeys, useSingleKeys } from '../shell/shortcuts.ts'
import { Card, Facts } from './Card.tsx'
import { Refusal } from './Listing.tsx'

const schemes = [
  { value: 'auto', label: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
]

/** What concerns the person alone; the look and the keys are kept in this browser. */
export function Profile() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const isOn = useSingleKeys((state) => state.on)
  const zone = Intl.DateTimeFormat().resolvedOptions()
  return (
    <>
      <Me />
      <Card title="Appearance">
        <SegmentedControl
          aria-label="Colour scheme"
          data={schemes}
          value={colorScheme}
          onChange={(value) => setColorScheme(value as 'auto' | 'light' | 'dark')}
        />
      </Card>
      <Card title="Keyboard" text="Single letters act while a list or the canvas has the focus, never while you type.">
        <Switch
          label="Single-key shortcuts"
          checked={isOn}
          onChange={(event) => setSingleKeys(event.currentTarget.checked)}
        />
        <Button variant="default" size="xs" onClick={() => showSheet(true)}>
          Show all shortcuts
        </Button>
      </Card>
      <Card title="Language and time" text="The interface is in English. Dates and times follow your browser.">
        <Facts
          facts={[
            ['Time zone', zone.timeZone],
            ['Dates and numbers', zone.locale],
          ]}
        />
      </Card>
    </>
  )
}

function Me() {
  const { user } = useSession()
  const client = useQueryClient()
  const opened = useOpened<Session>('session')
  const [loaded, setLoaded] = useState<Tagged<Session>>()
  const [name, setName] = useState(user?.name ?? '')
  const save = useMutation({
    mutationFn: (ifMatch: string | undefined) =>
      call<unknown>('PATCH', 'session', { body: { name: name.trim() }, ifMatch }),
    onSuccess: async () => {
      announce('Name saved')
      await Promise.all([opened.refetch(), client.invalidateQueries({ queryKey: sessionQuery.queryKey })])
      setLoaded(undefined)
    },
  })
  return (
    <Card title="You" text={user?.email}>
      <form
        style={{ display: 'flex', flexWrap: 'wrap', gap: 10, alignItems: 'end' }}
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          save.mutate(loaded?.etag ?? opened.data?.etag)
        }}
      >
        <TextInput label="Name" maxLength={255} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Button type="submit" variant="default" loading={save.isPending} disabled={name.trim() === (user?.name ?? '')}>
          Save name
        </Button>
      </form>
      {save.error === null || newerState(save.error) !== undefined ? null : <Refusal>{messageOf(save.error)}</Refusal>}
      <LostRace
        what="Your name, role or password"
        path="session"
        error={save.error}
        typed={name}
        load={(now: Tagged<Session>) => {
          setName(now.thing.user.name)
          setLoaded(now)
          save.reset()
          void client.invalidateQueries({ queryKey: sessionQuery.queryKey })
        }}
        putBack={setName}
        saveOver={(etag) => save.mutate(etag)}
        isSaving={save.isPending}
      />
    </Card>
  )
}
