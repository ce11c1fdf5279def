import { announce } from '../../components/Announcer.tsx'
import { focusCard } from '../canvas-focus.ts'
import { stepOf } from '../store.ts'
import { alone, type Command, withCtrl } from './command.ts'

export const quickAdd: Command = {
  id: 'quick-add',
  label: 'Add a step',
  keys: '/',
  matches: (event) => alone(event, '/'),
  run: (context) => context.quickAdd(),
}

export const openStep: Command = {
  id: 'open-step',
  label: 'Open the selected step',
  keys: 'Enter',
  run({ store, openStep: open }) {
    const ref = store.getState().selected.at(-1)
    if (ref !== undefined) open(ref)
  },
}

export const closeStep: Command = {
  id: 'close-step',
  label: 'Close the panel',
  keys: 'Esc',
  matches: (event) => alone(event, 'escape'),
  run: (context) => context.closeStep(),
}

export const deleteSelected: Command = {
  id: 'delete',
  label: 'Delete the selected steps or arrow',
  keys: 'Del',
  matches: (event) => alone(event, 'delete') || alone(event, 'backspace'),
  run({ store, closeStep: close }) {
    const { selected, selectedArrow, edit, select, document } = store.getState()
    if (selectedArrow !== null) {
      edit({ kind: 'disconnect', arrow: selectedArrow })
      announce(`Arrow to ${selectedArrow.to} deleted`)
      return select([])
    }
    if (selected.length === 0) return
    const before = document.arrows.find(({ to }) => to === selected[0])?.from
    edit({ kind: 'delete_steps', refs: selected })
    announce(`${selected.join(', ')} deleted`)
    close()
    select(before === undefined ? [] : [before])
    if (before !== undefined) focusCard(before)
  },
}

export const duplicate: Command = {
  id: 'duplicate',
  label: 'Duplicate the selected step',
  keys: 'Ctrl D',
  matches: (event) => withCtrl(event, 'd'),
  run({ store }) {
    const { selected, document, catalogue, edit, select } = store.getState()
    const step = stepOf(document, selected.at(-1) ?? '')
    if (step === undefined) return
    const problem = edit({ kind: 'duplicate_step', ref: step.ref, prefix: catalogue.prefix(step) })
    const copy = store.getState().document.steps.find(({ ref }) => !document.steps.some((each) => each.ref === ref))
    announce(problem ?? `${copy?.ref} is a copy of ${step.ref}`)
    if (copy !== undefined) {
      select([copy.ref])
      focusCard(copy.ref)
    }
  },
}
