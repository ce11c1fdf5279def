import { Checkbox, PasswordInput, Select, Switch, UnstyledButton } from '@mantine/core'
import { Braces } from 'lucide-react'
import { type ComponentType, type ReactNode, useId, useState } from 'react'
import type { Json } from '../../../../src/flow/json.ts'
import { TemplateField } from '../template/TemplateField.tsx'
import { Find } from './Find.tsx'
import classes from './form.module.css'
import { ListField } from './ListField.tsx'
import { PairsField } from './PairsField.tsx'
import {
  choicesOf,
  type FieldKind,
  type FieldSchema,
  fieldKind,
  isMultiline,
  isSearched,
  isTemplate,
  labelOf,
  placeholderOf,
  withoutNull,
} from './schema.ts'
import { numberFrom, textFrom, valueFrom } from './value-text.ts'

interface FieldProps {
  name: string
  path: string
  schema: FieldSchema
  required: boolean
  value: Json | undefined
  /** `undefined` takes the value away, so that its default holds. */
  onChange: (value: Json | undefined) => void
  onBlur: () => void
  problem: string | undefined
}

/** What each kind of field is given. */
export interface ControlProps {
  label: string
  path: string
  schema: FieldSchema
  value: Json | undefined
  onChange: (value: Json | undefined) => void
  onBlur: () => void
  problem: string | undefined
  id?: string | undefined
  describedBy?: string | undefined
}

const controls: Record<Exclude<FieldKind, 'group'>, ComponentType<ControlProps>> = {
  choice: ChoiceField,
  boolean: BooleanField,
  number: NumberField,
  text: TextField,
  secret: SecretField,
  pairs: PairsField,
  choices: ChoicesField,
  list: ListField,
  any: AnyField,
}

/** Kinds whose control is no text: a template takes its place on request. */
const switchable: ReadonlySet<FieldKind> = new Set(['choice', 'boolean', 'choices', 'list', 'pairs'])

/** One field of a form: its label, its control, its description, and what is wrong with it. */
export function Field({ name, path, schema, required, value, onChange, onBlur, problem }: FieldProps) {
  const id = useId()
  const real = withoutNull(schema)
  const kind = fieldKind(real)
  const label = labelOf(name, schema)
  const [asExpression, setAsExpression] = useState(false)
  const isExpression = switchable.has(kind) && (asExpression || isTemplate(value))
  const Control = isExpression ? TextField : kind === 'group' ? AnyField : controls[kind]
  const describedBy = `${id}-description ${id}-problem`
  return (
    <FieldFrame
      id={id}
      label={label}
      required={required}
      description={real.description}
      problem={problem}
      path={path}
      corner={
        switchable.has(kind) ? (
          <ExpressionSwitch
            label={label}
            on={isExpression}
            onToggle={() => {
              setAsExpression(!isExpression)
              if (isExpression) onChange(undefined)
            }}
          />
        ) : isSearched(real) ? (
          <Find label={label} onPick={onChange} />
        ) : null
      }
    >
      <Control
        id={id}
        label={label}
        path={path}
        schema={real}
        value={value}
        onChange={onChange}
        onBlur={onBlur}
        problem={problem}
        describedBy={describedBy}
      />
    </FieldFrame>
  )
}

function FieldFrame({
  id,
  label,
  required,
  description,
  problem,
  path,
  corner,
  children,
}: {
  id: string
  label: string
  required: boolean
  description: string | undefined
  problem: string | undefined
  path: string
  corner: ReactNode
  children: ReactNode
}) {
  return (
    <div className={classes.field} data-field={path}>
      <div className={classes.labelLine}>
        <span className={classes.label}>
          {label}
          {required ? (
            <span className={classes.required} title="Required">
              {' '}
              *
            </span>
          ) : null}
        </span>
        {corner}
      </div>
      {children}
      {description ? (
        <p id={`${id}-description`} className={classes.description}>
          {description}
        </p>
      ) : null}
      <p id={`${id}-problem`} className={classes.problem} role={problem ? 'alert' : undefined}>
        {problem}
      </p>
    </div>
  )
}

function ExpressionSwitch({ label, on, onToggle }: { label: string; on: boolean; onToggle: () => void }) {
  return (
    <UnstyledButton
      className={classes.expression}
      aria-pressed={on}
      aria-label={`Use expression for ${label}`}
      onClick={onToggle}
    >
      <Braces size={12} aria-hidden /> Use expression
    </UnstyledButton>
  )
}

function TextField({ label, schema, value, onChange, onBlur, problem, describedBy }: ControlProps) {
  return (
    <TemplateField
      label={label}
      value={textFrom(value)}
      multiline={isMultiline(schema)}
      onChange={(text) => onChange(text === '' ? undefined : text)}
      onBlur={onBlur}
      invalid={problem !== undefined}
      describedBy={describedBy}
      placeholder={textFrom(placeholderOf(schema)) || undefined}
    />
  )
}

/** A number, or a template that yields one. */
function NumberField(props: ControlProps) {
  return (
    <TextField {...props} onChange={(value) => props.onChange(typeof value === 'string' ? numberFrom(value) : value)} />
  )
}

/** Anything: what reads as JSON is kept as the value it is, all else is text. */
function AnyField({ label, schema, value, onChange, onBlur, problem, describedBy }: ControlProps) {
  const [text, setText] = useState(() => textFrom(value))
  // What was changed elsewhere (undo, a quick fix) replaces the text; what this field itself has written does not.
  const shown = textFrom(valueFrom(text)) === textFrom(value) ? text : textFrom(value)
  return (
    <TemplateField
      label={label}
      value={shown}
      multiline={isMultiline(schema) || shown.includes('\n') || /body|payload|value$/i.test(label)}
      onChange={(next) => {
        setText(next)
        onChange(next === '' ? undefined : valueFrom(next))
      }}
      onBlur={onBlur}
      invalid={problem !== undefined}
      describedBy={describedBy}
      placeholder={textFrom(placeholderOf(schema)) || undefined}
    />
  )
}

/** Secrets are never templates and never shown again. */
function SecretField({ id, label, value, onChange, onBlur, problem, describedBy }: ControlProps) {
  return (
    <PasswordInput
      id={id}
      aria-label={label}
      aria-describedby={describedBy}
      autoComplete="new-password"
      value={textFrom(value)}
      error={problem !== undefined}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      onBlur={onBlur}
    />
  )
}

function ChoiceField({ id, label, schema, value, onChange, onBlur, problem, describedBy }: ControlProps) {
  const choices = choicesOf(schema)
  return (
    <Select
      id={id}
      aria-label={label}
      aria-describedby={describedBy}
      data={choices.map(({ value: each, label: text }) => ({ value: textFrom(each), label: text }))}
      value={value === undefined ? null : textFrom(value)}
      placeholder={schema.default === undefined ? 'Choose…' : textFrom(schema.default)}
      error={problem !== undefined}
      clearable={schema.default !== undefined && value !== undefined}
      searchable={choices.length > 8}
      onChange={(text) => onChange(choices.find((each) => textFrom(each.value) === text)?.value)}
      onBlur={onBlur}
      comboboxProps={{ shadow: 'md' }}
    />
  )
}

function BooleanField({ id, label, schema, value, onChange, onBlur, describedBy }: ControlProps) {
  const on = (value ?? schema.default) === true
  return (
    <Switch
      id={id}
      aria-label={label}
      aria-describedby={describedBy}
      label={on ? 'On' : 'Off'}
      checked={on}
      onChange={(event) => onChange(event.currentTarget.checked)}
      onBlur={onBlur}
    />
  )
}

function ChoicesField({ label, schema, value, onChange, onBlur, describedBy }: ControlProps) {
  const choices = schema.items ? choicesOf(schema.items) : []
  const chosen = Array.isArray(value)
    ? value.map(textFrom)
    : Array.isArray(schema.default)
      ? schema.default.map(textFrom)
      : []
  return (
    <Checkbox.Group
      aria-label={label}
      aria-describedby={describedBy}
      value={chosen}
      onChange={(next) =>
        onChange(choices.filter((each) => next.includes(textFrom(each.value))).map((each) => each.value))
      }
    >
      <div className={classes.checks}>
        {choices.map(({ value: each, label: text }) => (
          <Checkbox key={textFrom(each)} value={textFrom(each)} label={text} onBlur={onBlur} />
        ))}
      </div>
    </Checkbox.Group>
  )
}
