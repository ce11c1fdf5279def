import { useEffect, useEffectEvent } from 'react'
import { create } from 'zustand'

/** All keys of the product, as the sheet behind `?` lists them. Pages add their own group while they are shown. */
export interface ShortcutGroup {
  title: string
  keys: readonly (readonly [keys: string, what: string])[]
}

const anywhere: ShortcutGroup = {
  title: 'Anywhere',
  keys: [
    ['Ctrl K', 'Command palette'],
    ['Ctrl S', 'Save'],
    ['?', 'This sheet'],
    ['g f', 'Go to flows'],
    ['g d', 'Go to the debugger'],
    ['g c', 'Go to connectors'],
    ['g a', 'Go to connector auths'],
    ['g t', 'Go to tokens'],
    ['g s', 'Go to settings'],
  ],
}

const builder: ShortcutGroup = {
  title: 'Flow Builder',
  keys: [
    ['/', 'Quick add'],
    ['Enter', 'Open step'],
    ['Esc', 'Close panel, focus back to the step'],
    ['Arrows', 'Move step'],
    ['Alt Arrows', 'Go to the neighbour'],
    ['Del', 'Delete; arrows heal'],
    ['Ctrl D', 'Duplicate'],
    ['Ctrl Z', 'Undo'],
    ['Ctrl Shift Z', 'Redo'],
    ['Ctrl Enter', 'Run test'],
    ['Ctrl Shift Enter', 'Test the open step'],
    ['F', 'Fit the flow into view'],
    ['T', 'Tidy'],
    ['L', 'List view'],
  ],
}

const editor: ShortcutGroup = {
  title: 'Template editor',
  keys: [
    ['Ctrl Space', 'Complete'],
    ['Tab', 'Leave the editor'],
    ['F8', 'Next problem'],
    ['Ctrl Enter', 'Run test'],
  ],
}

const runs: ShortcutGroup = {
  title: 'Flow Debugger',
  keys: [
    ['j / k', 'Next, previous run'],
    ['Enter', 'Open run'],
    ['x', 'Select run'],
    ['e', 'Next failed step'],
    ['r', 'Run again'],
    ['Shift R', 'Retry from the failed step'],
    ['/', 'Search'],
    ['y', 'Copy link to the run'],
  ],
}

const actionTest: ShortcutGroup = { title: 'Test of an action', keys: [['Ctrl Enter', 'Send']] }

export const shortcutGroups: readonly ShortcutGroup[] = [anywhere, builder, editor, runs, actionTest]

/** Single-letter keys can be turned off in Settings (WCAG 2.1.4). */
export const singleKeysSetting = 'hookline-single-keys'

export const useSingleKeys = create<{ on: boolean }>(() => ({ on: readSetting() }))

export function setSingleKeys(on: boolean): void {
  localStorage.setItem(singleKeysSetting, on ? 'on' : 'off')
  useSingleKeys.setState({ on })
}

function readSetting(): boolean {
  try {
    return localStorage.getItem(singleKeysSetting) !== 'off'
  } catch {
    return true // Storage is blocked; the default holds.
  }
}

/** Whether a key belongs to what has the focus: then no shortcut may take it. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true
  if (target.closest('[role="dialog"], [role="menu"], [role="listbox"]')) return true
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'submit', 'reset'].includes(target.type)
}

/** Calls the listener for every key press of the page, with its newest props and state, before components see it. */
export function useKeys(listener: (event: KeyboardEvent) => void): void {
  const newest = useEffectEvent(listener)
  useEffect(() => {
    const hear = (event: KeyboardEvent) => newest(event)
    window.addEventListener('keydown', hear, true)
    return () => window.removeEventListener('keydown', hear, true)
  }, [])
}
