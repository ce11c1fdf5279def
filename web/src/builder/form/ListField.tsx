import { ActionIcon, Button } from '@mantine/core'
import { Plus, X } from 'lucide-react'
import type { Json } from '../../../../src/flow/json.ts'
import { TemplateField } from '../template/TemplateField.tsx'
import type { ControlProps } from './Field.tsx'
import classes from './form.module.css'
import { textFrom, valueFrom } from './value-text.ts'

/** A list that is written down entry by entry; a list out of data is an expression. */
export function ListField({ label, value, onChange, onBlur }: ControlProps) {
  const entries: readonly Json[] = Array.isArray(value) ? value : []
  const update = (next: readonly Json[]) => onChange(next.length === 0 ? undefined : [...next])
  return (
    <div className={classes.pairs}>
      {entries.map((entry, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an entry of a list is known by its place only.
        <div key={index} className={classes.entry}>
          <div className={classes.pairValue}>
            <TemplateField
              label={`${label}: entry ${index + 1}`}
              value={textFrom(entry)}
              onChange={(text) => update(entries.with(index, valueFrom(text)))}
              onBlur={onBlur}
            />
          </div>
          <ActionIcon
            size="lg"
            aria-label={`Remove entry ${index + 1}`}
            onClick={() => update(entries.toSpliced(index, 1))}
          >
            <X size={15} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<Plus size={14} aria-hidden />}
        onClick={() => update([...entries, ''])}
        className={classes.add ?? ''}
      >
        Add to {label.toLowerCase()}
      </Button>
    </div>
  )
}
