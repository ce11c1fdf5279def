import { Button, Checkbox, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { messageOf } from '../api.ts'
import { Refusal } from '../settings/Listing.tsx'
import { type Expiry, ExpiryField, expiryDays, NeverConfirm } from './ExpiryField.tsx'
import { isIncluded, scopeGroups } from './scope-words.ts'
import classes from './TokensPage.module.css'
import { type ShownToken, useCreateToken } from './token-queries.ts'

/** Note, scopes and end of a new token. */
export function NewTokenForm({ cancel, created }: { cancel: () => void; created: (token: ShownToken) => void }) {
  const create = useCreateToken()
  const [note, setNote] = useState('')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [expiry, setExpiry] = useState<Expiry>({ choice: '90', date: '' })
  const [isCertain, setCertain] = useState(false)
  const [wasSubmitted, setSubmitted] = useState(false)
  const days = expiryDays(expiry, Date.now())
  const isUncertain = days === null && !isCertain
  const toggle = (scope: string) => setChosen((before) => before.symmetricDifference(new Set([scope])))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setSubmitted(true)
    if (chosen.size === 0 || days === undefined || isUncertain) return
    const scopes = [...chosen].filter((scope) => !isIncluded(scope, chosen))
    create.mutate({ note: note.trim(), scopes, expiration: days }, { onSuccess: created })
  }
  return (
    <form className={classes.form} onSubmit={submit}>
      <TextInput
        label="Note"
        description="What it is for, so that you know it again"
        required
        maxLength={255}
        placeholder="CI deploy"
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
        data-autofocus
      />
      <div>
        <p className={classes.label}>Scopes</p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it. */}
        <section className={classes.box} aria-label="Scopes" tabIndex={0}>
          {scopeGroups.map((group) => (
            <fieldset key={group.title} className={classes.group}>
              <legend>{group.title}</legend>
              <div className={classes.choices}>
                {group.choices.map(({ scope, title, text }) => (
                  <Checkbox
                    key={scope}
                    size="xs"
                    label={title}
                    description={text}
                    aria-label={`${scope}: ${text}`}
                    checked={chosen.has(scope) || isIncluded(scope, chosen)}
                    disabled={isIncluded(scope, chosen)}
                    onChange={() => toggle(scope)}
                  />
                ))}
              </div>
            </fieldset>
          ))}
        </section>
        {wasSubmitted && chosen.size === 0 ? (
          <p className={classes.problem} role="alert">
            Choose at least one scope.
          </p>
        ) : null}
      </div>
      <div>
        <ExpiryField value={expiry} onChange={setExpiry} />
        {days === null ? <NeverConfirm checked={isCertain} onChange={setCertain} /> : null}
        {wasSubmitted && isUncertain ? (
          <p className={classes.problem} role="alert">
            Confirm that it never ends, or choose an end.
          </p>
        ) : null}
      </div>
      {create.error === null ? null : <Refusal>{messageOf(create.error)}</Refusal>}
      <div className={classes.buttons}>
        <Button variant="default" onClick={cancel}>
          Cancel
        </Button>
        <Button type="submit" loading={create.isPending}>
          Create token
        </Button>
      </div>
    </form>
  )
}
