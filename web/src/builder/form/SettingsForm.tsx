import { useMemo, useState } from 'react'
import type { Json, JsonObject } from '../../../../src/flow/json.ts'
import { afterPress } from '../../components/after-press.ts'
import { Field } from './Field.tsx'
import classes from './form.module.css'
import { PairsField } from './PairsField.tsx'
import { type FieldSchema, fieldKind, formProblems, resolved, withoutNull } from './schema.ts'

interface SettingsFormProps {
  schema: FieldSchema
  values: JsonObject
  /** `field` names what is being typed in, so that a pause in typing makes one undo step. */
  onChange: (values: JsonObject, field: string) => void
  /** What the server found wrong, by dotted path below the form. */
  serverProblems?: Readonly<Record<string, string>>
}

const noProblems: Readonly<Record<string, string>> = {}

/** A form drawn from a JSON Schema. No step kind is known here: what a field is like, its schema says. */
export function SettingsForm({ schema, values, onChange, serverProblems = noProblems }: SettingsFormProps) {
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set())
  const current = useMemo(() => resolved(schema, values), [schema, values])
  const problems = useMemo(() => formProblems(schema, values), [schema, values])
  const touch = (path: string) =>
    afterPress(() => setTouched((before) => (before.has(path) ? before : new Set(before).add(path))))
  const problemAt = (path: string) =>
    (touched.has(path) ? problems[path] : undefined) ??
    (path in problems || !touched.has(path) ? serverProblems[path] : undefined)

  if (current.properties === undefined && fieldKind({ ...current, type: 'object' }) === 'pairs') {
    return (
      <PairsField
        label="Values"
        path=""
        schema={current}
        value={values}
        onChange={(next) => onChange(next as JsonObject, '')}
        onBlur={() => undefined}
        problem={undefined}
      />
    )
  }
  return (
    <div className={classes.form}>
      <Fields schema={current} values={values} path="" problemAt={problemAt} onTouch={touch} onChange={onChange} />
    </div>
  )
}

interface FieldsProps {
  schema: FieldSchema
  values: JsonObject
  path: string
  problemAt: (path: string) => string | undefined
  onTouch: (path: string) => void
  onChange: (values: JsonObject, field: string) => void
}

/** The members of an object, each with its field; those that hold objects open a group of their own. */
function Fields({ schema, values, path, problemAt, onTouch, onChange }: FieldsProps) {
  return Object.entries(schema.properties ?? {}).map(([name, declared]) => {
    const field = withoutNull(declared)
    const at = path === '' ? name : `${path}.${name}`
    const value = values[name]
    const set = (next: Json | undefined, deeper = at) => {
      const { [name]: _, ...others } = values
      onChange(next === undefined ? others : { ...values, [name]: next }, deeper)
    }
    if (fieldKind(field) === 'group') {
      const members = isObject(value) ? value : {}
      return (
        <fieldset key={name} className={classes.group}>
          <legend className={classes.legend}>{field.title ?? name.replaceAll('_', ' ')}</legend>
          {field.description ? <p className={classes.description}>{field.description}</p> : null}
          <Fields
            schema={field}
            values={members}
            path={at}
            problemAt={problemAt}
            onTouch={onTouch}
            // A group whose last member was taken away is not there.
            onChange={(next, deeper) => set(Object.keys(next).length === 0 ? undefined : next, deeper)}
          />
        </fieldset>
      )
    }
    return (
      <Field
        key={name}
        name={name}
        path={at}
        schema={declared}
        required={schema.required?.includes(name) ?? false}
        value={value}
        onChange={set}
        onBlur={() => onTouch(at)}
        problem={problemAt(at)}
      />
    )
  })
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Number)
}
