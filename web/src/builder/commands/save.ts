import { type Command, withCtrl } from './command.ts'

export const save: Command = {
  id: 'save',
  label: 'Save',
  keys: 'Ctrl S',
  matches: (event) => withCtrl(event, 's'),
  whileTyping: true,
  run: (context) => context.save(),
}

export const versions: Command = {
  id: 'versions',
  label: 'Versions and differences',
  inMenu: true,
  run: (context) => context.open('versions'),
}

export const settings: Command = {
  id: 'settings',
  label: 'Flow settings',
  inMenu: true,
  run: (context) => context.open('settings'),
}
