import type { Problem } from './store.ts'

/** Leading to the field that a problem or an error names. */

/** The tab of the panel on which a field stands. */
export function tabOf({ field }: Pick<Problem, 'field'>): string | undefined {
  if (field.startsWith('input.response')) return 'response'
  return field === 'arrows' || field === 'on_error' ? 'options' : 'setup'
}

const triesMs = 50
const maxTries = 60

/**
 * Puts the focus into a field, named by its dotted path as `input.url`. A place inside a field that is drawn as one
 * (`input.body.id`) leads to that field. The panel may still be loading, so the field is waited for, for a moment.
 */
export function focusField(field: string): void {
  const path = field.replace(/^input\.?/, '')
  if (path === '') return
  let tries = 0
  const look = () => {
    const box = boxOf(path)
    const target = box?.querySelector<HTMLElement>('input, textarea, [contenteditable="true"], button') ?? null
    if (target !== null) {
      box?.scrollIntoView({ block: 'center' })
      target.focus()
    } else if (tries++ < maxTries) {
      setTimeout(look, triesMs)
    }
  }
  look()
}

function boxOf(path: string): HTMLElement | null {
  const parts = path.split('.')
  for (let length = parts.length; length > 0; length--) {
    const name = CSS.escape(parts.slice(0, length).join('.'))
    const box = document.querySelector<HTMLElement>(`[data-field="${name}"]`)
    if (box !== null) return box
  }
  // A group whose members have fields of their own.
  return document.querySelector<HTMLElement>(`[data-field^="${CSS.escape(path)}."]`)
}
