import { Anchor, Button, Checkbox, PasswordInput, Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CircleCheck } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import type { Json, JsonObject } from '../../../src/flow/json.ts'
import { messageOf, type Tagged } from '../api.ts'
import { catalogueQuery } from '../builder/catalogue.ts'
import { LostRace } from '../components/LostRace.tsx'
import { newerState, useOpened } from '../components/opened.ts'
import { TimeAgo } from '../components/TimeAgo.tsx'
import { Refusal } from '../settings/Listing.tsx'
import { Loading } from '../shell/root-route.tsx'
import classes from './AuthForm.module.css'
import { type AuthField, authTypesOf, fieldsOf } from './auth-form.ts'
import { type AuthBody, type AuthJson, pathOf, useSaveAuth } from './auth-queries.ts'

interface AuthFormProps {
  /** The auth that is changed, as it is now; null makes a new one. */
  opened: Tagged<AuthJson> | null
  /** Chosen beforehand, as from a connector's page. */
  connector?: string | undefined
  /** That one and no other. */
  isFixed?: boolean
  onSaved: (auth: AuthJson) => void
  onCancel: () => void
}

/** Changes an auth as it is saved now. */
export function EditAuth({ id, ...events }: { id: string } & Pick<AuthFormProps, 'onSaved' | 'onCancel'>) {
  const { data, error } = useOpened<AuthJson>(pathOf(id))
  if (error !== null) return <Refusal>{messageOf(error)}</Refusal>
  return data === undefined ? <Loading /> : <AuthForm opened={data} {...events} />
}

interface Typed {
  name: string
  chosenType: string | undefined
  values: Record<string, Json>
}

/** A form drawn from the connector's data. Secrets that are set are never shown: they stay, or are replaced. */
export function AuthForm({ opened, connector: given, isFixed = false, onSaved, onCancel }: AuthFormProps) {
  const [base, setBase] = useState(opened)
  const auth = base?.thing ?? null
  const catalogue = useQuery(catalogueQuery)
  const save = useSaveAuth()
  const [connectorName, setConnector] = useState(auth?.connector ?? given ?? '')
  const connector = catalogue.data?.connectors.get(connectorName)
  const types = authTypesOf(connector)
  const [chosenType, setType] = useState(auth?.auth_type)
  const type = types.find(({ name }) => name === chosenType) ?? types[0]
  const [name, setName] = useState(auth?.name ?? '')
  const [values, setValues] = useState<Record<string, Json>>(initialValues(auth))
  const userInput = userInputOf(values)
  const fields = type === undefined ? [] : fieldsOf(connector, type.name, userInput)
  const set = (path: string, value: Json) => setValues((before) => ({ ...before, [path]: value }))
  const fill = (typed: Typed) => {
    setName(typed.name)
    setType(typed.chosenType)
    setValues(typed.values)
  }
  const saveOn = (ifMatch: string | undefined) => {
    if (type === undefined) return
    const body = bodyOf(fields, values, {
      connector: connectorName,
      name,
      auth_type: type.name,
      tags: auth?.tags ?? [],
    })
    save.mutate({ id: auth?.id ?? null, body, ifMatch }, { onSuccess: onSaved })
  }
  return (
    <form
      className={classes.form}
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        saveOn(base?.etag)
      }}
    >
      {isFixed ? null : (
        <Select
          label="Connector"
          required
          disabled={auth !== null}
          searchable
          placeholder="Choose a connector"
          data={connectorChoices(catalogue.data?.connectors.values())}
          value={connectorName === '' ? null : connectorName}
          onChange={(next) => {
            setConnector(next ?? '')
            setType(undefined)
            setValues({})
          }}
        />
      )}
      {connectorName === '' || type === undefined ? null : (
        <>
          <TextInput
            label="Name"
            required
            maxLength={255}
            placeholder={`${connector?.title ?? connectorName} production`}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          {types.length > 1 ? (
            <Select
              label="Auth type"
              data={types.map(({ name: value, title }) => ({ value, label: title }))}
              value={type.name}
              allowDeselect={false}
              onChange={(next) => setType(next ?? undefined)}
            />
          ) : null}
          {type.help === null && type.docs === null ? null : (
            <p className={classes.help}>
              {type.help}{' '}
              {type.docs === null ? null : (
                <Anchor href={type.docs} target="_blank" rel="noreferrer">
                  Documentation
                </Anchor>
              )}
            </p>
          )}
          {fields.map((field) => (
            <Field key={`${type.name} ${field.path}`} field={field} auth={auth} value={values[field.path]} set={set} />
          ))}
        </>
      )}
      {save.error === null || newerState(save.error) !== undefined ? null : <Refusal>{messageOf(save.error)}</Refusal>}
      {auth === null ? null : (
        <LostRace
          what="This auth"
          path={pathOf(auth.id)}
          error={save.error}
          typed={{ name, chosenType, values }}
          load={(now: Tagged<AuthJson>) => {
            fill({ name: now.thing.name, chosenType: now.thing.auth_type, values: initialValues(now.thing) })
            setBase(now)
            save.reset()
          }}
          putBack={fill}
          saveOver={saveOn}
          isSaving={save.isPending}
        />
      )}
      <div className={classes.buttons}>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={save.isPending} disabled={connectorName === ''}>
          {auth !== null ? 'Save' : type?.consents ? 'Create and connect' : 'Create'}
        </Button>
      </div>
    </form>
  )
}

function Field({
  field,
  auth,
  value,
  set,
}: {
  field: AuthField
  auth: AuthJson | null
  value: Json | undefined
  set: (path: string, value: Json) => void
}) {
  const { path, label, description, kind, choices, required } = field
  const [isReplacing, setReplacing] = useState(false)
  const isSet = auth !== null && isSecretSet(auth, path)
  if (isSet && !isReplacing) {
    return (
      <div className={classes.set}>
        <span className={classes.label}>{label}</span>
        <span className={classes.secret}>
          <CircleCheck size={14} aria-hidden /> set <TimeAgo at={auth.updated_at} />
        </span>
        <Button size="compact-xs" variant="default" onClick={() => setReplacing(true)} aria-label={`Replace ${label}`}>
          Replace
        </Button>
      </div>
    )
  }
  const text = typeof value === 'string' ? value : ''
  const common = { label, description, required: required && !isSet, autoComplete: 'off' }
  if (kind === 'boolean') {
    return (
      <Checkbox
        label={label}
        description={description}
        checked={value === true}
        onChange={(event) => set(path, event.currentTarget.checked)}
      />
    )
  }
  if (kind === 'choice') {
    return (
      <Select {...common} data={choices} value={text === '' ? null : text} onChange={(next) => set(path, next ?? '')} />
    )
  }
  const Input = kind === 'secret' ? PasswordInput : TextInput
  return (
    <Input
      {...common}
      {...(kind === 'secret' ? { autoComplete: 'new-password' } : {})}
      autoFocus={isReplacing}
      value={text}
      onChange={(event) => set(path, event.currentTarget.value)}
    />
  )
}

function isSecretSet({ secrets_set }: AuthJson, path: string): boolean {
  return secrets_set.includes(path) || secrets_set.includes(path.replace(/^user_input\./, ''))
}

function initialValues(auth: AuthJson | null): Record<string, Json> {
  return { username: auth?.username ?? '', api_endpoint: auth?.api_endpoint ?? '' }
}

function userInputOf(values: Readonly<Record<string, Json>>): JsonObject {
  return Object.fromEntries(
    Object.entries(values).flatMap(([path, value]) =>
      path.startsWith('user_input.') ? [[path.slice('user_input.'.length), value]] : [],
    ),
  )
}

/** Only what the type asks for, and of that only what was filled in: what is left out stays on the server. */
function bodyOf(fields: readonly AuthField[], values: Readonly<Record<string, Json>>, base: AuthBody): AuthBody {
  const given = fields.filter(({ path }) => values[path] !== undefined && values[path] !== '')
  const own = given
    .filter(({ path }) => !path.startsWith('user_input.'))
    .map(({ path }) => [path, values[path]] as const)
  const input = userInputOf(Object.fromEntries(given.map(({ path }) => [path, values[path] ?? null])))
  return { ...base, ...Object.fromEntries(own), ...(Object.keys(input).length === 0 ? {} : { user_input: input }) }
}

function connectorChoices(connectors: Iterable<{ name: string; title: string; contype: string }> | undefined) {
  const all = [...(connectors ?? [])].filter(({ contype, name }) => contype === 'connector' || name === 'http')
  return all
    .map(({ name, title }) => ({ value: name, label: name === 'http' ? 'HTTP request' : title }))
    .sort((one, other) => one.label.localeCompare(other.label))
}
