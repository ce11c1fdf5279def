import { alone, type Command, withCtrl } from './command.ts'

export const fit: Command = {
  id: 'fit',
  label: 'Fit the flow into view',
  keys: 'F',
  matches: (event) => alone(event, 'f'),
  inMenu: true,
  run: (context) => context.fit(),
}

export const tidy: Command = {
  id: 'tidy',
  label: 'Tidy the canvas',
  keys: 'T',
  matches: (event) => alone(event, 't'),
  inMenu: true,
  run: (context) => context.tidy(),
}

export const listView: Command = {
  id: 'list-view',
  label: 'List view or canvas',
  keys: 'L',
  matches: (event) => alone(event, 'l'),
  inMenu: true,
  run: (context) => context.toggleList(),
}

export const testStep: Command = {
  id: 'test-step',
  label: 'Test the open step',
  keys: 'Ctrl Shift Enter',
  matches: (event) => withCtrl(event, 'enter', true),
  whileTyping: true,
  inMenu: true,
  run: (context) => context.testStep(),
}

export const runToHere: Command = {
  id: 'run-to-here',
  label: 'Run to the open step',
  inMenu: true,
  run: (context) => context.runToHere(),
}

export const runTest: Command = {
  id: 'run-test',
  label: 'Run test',
  keys: 'Ctrl Enter',
  matches: (event) => withCtrl(event, 'enter'),
  whileTyping: true,
  run: (context) => context.runTest(),
}
