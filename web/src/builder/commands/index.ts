import type { Command } from './command.ts'
import { redo, undo } from './history.ts'
import { save, settings, versions } from './save.ts'
import { closeStep, deleteSelected, duplicate, openStep, quickAdd } from './steps.ts'
import { fit, listView, runTest, runToHere, testStep, tidy } from './view.ts'

/** Everything the builder can do, in the order of its menu. */
export const commands: readonly Command[] = [
  save,
  runTest,
  testStep,
  runToHere,
  quickAdd,
  openStep,
  closeStep,
  duplicate,
  deleteSelected,
  undo,
  redo,
  fit,
  tidy,
  listView,
  versions,
  settings,
]
