import { announce } from '../../components/Announcer.tsx'
import { type Command, withCtrl } from './command.ts'

export const undo: Command = {
  id: 'undo',
  label: 'Undo',
  keys: 'Ctrl Z',
  matches: (event) => withCtrl(event, 'z'),
  run({ store }) {
    store.getState().undo()
    announce('Undone')
  },
}

export const redo: Command = {
  id: 'redo',
  label: 'Redo',
  keys: 'Ctrl Shift Z',
  matches: (event) => withCtrl(event, 'z', true) || withCtrl(event, 'y'),
  run({ store }) {
    store.getState().redo()
    announce('Redone')
  },
}
