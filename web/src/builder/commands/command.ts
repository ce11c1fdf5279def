import type { BuilderStore } from '../store.ts'

/** What a command may do besides editing: the parts of the page it can reach. */
export interface CommandContext {
  store: BuilderStore
  save(): void
  runTest(): void
  /** Of the open step. */
  testStep(): void
  runToHere(): void
  fit(): void
  tidy(): void
  toggleList(): void
  quickAdd(): void
  open(panel: 'versions' | 'settings' | 'problems'): void
  openStep(ref: string): void
  closeStep(): void
  isListView: boolean
}

/** One thing that can be done in the builder. Menu, keys and palette all read the same list. */
export interface Command {
  id: string
  label: string
  /** As shown to people. */
  keys?: string
  /** Whether a key press means this command. */
  matches?(event: KeyboardEvent): boolean
  /** Acts also while a text field has the focus. */
  whileTyping?: boolean
  inMenu?: boolean
  run(context: CommandContext): void
}

/** Ctrl on keyboards that have it, Command on others. */
export function withCtrl(event: KeyboardEvent, key: string, shift = false): boolean {
  return (
    (event.ctrlKey || event.metaKey) && !event.altKey && event.shiftKey === shift && event.key.toLowerCase() === key
  )
}

/** A key by itself. */
export function alone(event: KeyboardEvent, key: string): boolean {
  return !event.ctrlKey && !event.metaKey && !event.altKey && event.key.toLowerCase() === key
}
