import { Checkbox, Select, TextInput } from '@mantine/core'
import classes from './TokensPage.module.css'
import { daysUntil } from './token-age.ts'

export interface Expiry {
  choice: '30' | '90' | '365' | 'date' | 'none'
  /** As a date field has it; empty until one is chosen. */
  date: string
}

const choices: { value: Expiry['choice']; label: string }[] = [
  { value: '30', label: 'in 30 days' },
  { value: '90', label: 'in 90 days' },
  { value: '365', label: 'in 365 days' },
  { value: 'date', label: 'on a date…' },
  { value: 'none', label: 'never' },
]

/** Days until the token ends, null for never, undefined while no date is chosen. */
export function expiryDays({ choice, date }: Expiry, now: number): number | null | undefined {
  if (choice === 'none') return null
  if (choice !== 'date') return Number(choice)
  return date === '' ? undefined : daysUntil(date, now)
}

/** When the token ends. */
export function ExpiryField({ value, onChange }: { value: Expiry; onChange: (value: Expiry) => void }) {
  return (
    <div className={classes.expiry}>
      <Select
        label="Expires"
        data={choices}
        allowDeselect={false}
        value={value.choice}
        onChange={(choice) => onChange({ ...value, choice: (choice ?? '90') as Expiry['choice'] })}
      />
      {value.choice === 'date' ? (
        <TextInput
          label="Date"
          type="date"
          required
          min={new Date().toISOString().slice(0, 10)}
          value={value.date}
          onChange={(event) => onChange({ ...value, date: event.currentTarget.value })}
        />
      ) : null}
    </div>
  )
}

/** A token that never ends is a key under the mat for good: it takes a second press. */
export function NeverConfirm({ checked, onChange }: { checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <Checkbox
      className={classes.never ?? ''}
      label="I know that this token works until someone revokes it"
      checked={checked}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  )
}
