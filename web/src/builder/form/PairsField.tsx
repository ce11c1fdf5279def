import { ActionIcon, Button, TextInput } from '@mantine/core'
import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import type { Json, JsonObject } from '../../../../src/flow/json.ts'
import { TemplateField } from '../template/TemplateField.tsx'
import type { ControlProps } from './Field.tsx'
import classes from './form.module.css'
import { textFrom, valueFrom } from './value-text.ts'

interface Pair {
  id: number
  key: string
  text: string
}

/** An object whose keys its author chooses: headers, query, the values of a dict. */
export function PairsField({ label, value, onChange, onBlur }: ControlProps) {
  const [pairs, setPairs] = useState<readonly Pair[]>(() => pairsFrom(value, 0))
  // Rows without a key are no value yet; so the rows live here, and give way when the value was changed elsewhere.
  const shown = sameObject(objectFrom(pairs), value) ? pairs : pairsFrom(value, pairs.length)
  const update = (next: readonly Pair[]) => {
    setPairs(next)
    const object = objectFrom(next)
    onChange(Object.keys(object).length === 0 ? undefined : object)
  }
  const nextId = Math.max(-1, ...shown.map(({ id }) => id)) + 1
  return (
    <div className={classes.pairs}>
      {shown.map((pair) => (
        <div key={pair.id} className={classes.pair}>
          <TextInput
            aria-label={`${label}: name`}
            placeholder="Name"
            value={pair.key}
            spellCheck={false}
            onChange={(event) => {
              const key = event.currentTarget.value
              update(shown.map((each) => (each.id === pair.id ? { ...each, key } : each)))
            }}
            onBlur={onBlur}
            classNames={{ input: classes.mono ?? '' }}
          />
          <div className={classes.pairValue}>
            <TemplateField
              label={`${label}: value of ${pair.key || 'the new name'}`}
              placeholder="Value or {{ template }}"
              value={pair.text}
              onChange={(text) => update(shown.map((each) => (each.id === pair.id ? { ...each, text } : each)))}
              onBlur={onBlur}
            />
          </div>
          <ActionIcon
            size="lg"
            aria-label={`Remove ${pair.key || 'this row'}`}
            onClick={() => update(shown.filter((each) => each.id !== pair.id))}
          >
            <X size={15} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<Plus size={14} aria-hidden />}
        onClick={() => update([...shown, { id: nextId, key: '', text: '' }])}
        className={classes.add ?? ''}
      >
        Add to {label.toLowerCase()}
      </Button>
    </div>
  )
}

function pairsFrom(value: Json | undefined, firstId: number): Pair[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Number) return []
  return Object.entries(value).map(([key, each], index) => ({ id: firstId + index, key, text: textFrom(each) }))
}

function objectFrom(pairs: readonly Pair[]): JsonObject {
  return Object.fromEntries(pairs.filter(({ key }) => key !== '').map(({ key, text }) => [key, valueFrom(text)]))
}

function sameObject(object: JsonObject, value: Json | undefined): boolean {
  return textFrom(object) === textFrom(value ?? {})
}
