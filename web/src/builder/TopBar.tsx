import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { ChevronLeft, Ellipsis, Play, Redo2, Save, TriangleAlert, Undo2 } from 'lucide-react'
import { CancelRun } from './CancelRun.tsx'
import type { Command } from './commands/command.ts'
import type { FlowStatus } from './flow-document.ts'
import { StatusButton } from './StatusButton.tsx'
import { saveStateOf, useBuilder, useBuilderStore } from './store.ts'
import classes from './TopBar.module.css'

interface TopBarProps {
  status: FlowStatus
  commands: readonly Command[]
  run: (id: string) => void
  isTesting: boolean
  onProblems: () => void
}

/** The flow's name, what a sender gets now, whether everything is saved, and the two things done most. */
export function TopBar({ status, commands, run, isTesting, onProblems }: TopBarProps) {
  const saveState = useBuilder(saveStateOf)
  const canUndo = useBuilder((state) => state.past.length > 0)
  const canRedo = useBuilder((state) => state.future.length > 0)
  const problems = useBuilder((state) => state.problems.length)
  return (
    <header className={classes.bar}>
      <Tooltip label="All flows">
        <ActionIcon component={Link} to="/flows" size="lg" aria-label="All flows">
          <ChevronLeft size={19} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <NameField />
      <StatusButton status={status} onProblems={onProblems} />
      {problems > 0 ? (
        <Button
          variant="subtle"
          color="gray"
          leftSection={<TriangleAlert size={15} aria-hidden />}
          onClick={onProblems}
          className={classes.problems ?? ''}
        >
          {problems === 1 ? '1 problem' : `${problems} problems`}
        </Button>
      ) : null}
      <span className={classes.space} />
      <output className={classes.saveState} data-state={saveState} data-testid="save-state">
        {saveState}
      </output>
      <div className={classes.history}>
        <Tooltip label="Undo, Ctrl Z">
          <ActionIcon size="lg" onClick={() => run('undo')} disabled={!canUndo} aria-label="Undo">
            <Undo2 size={17} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Redo, Ctrl Shift Z">
          <ActionIcon size="lg" onClick={() => run('redo')} disabled={!canRedo} aria-label="Redo">
            <Redo2 size={17} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
      <Menu position="bottom-end" width={260}>
        <Menu.Target>
          <ActionIcon size="lg" aria-label="More actions">
            <Ellipsis size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown aria-label="More actions">
          {commands
            .filter(({ inMenu }) => inMenu)
            .map(({ id, label, keys }) => (
              <Menu.Item key={id} onClick={() => run(id)} rightSection={<span className={classes.keys}>{keys}</span>}>
                {label}
              </Menu.Item>
            ))}
        </Menu.Dropdown>
      </Menu>
      <CancelRun />
      <Button
        variant="default"
        leftSection={<Play size={15} aria-hidden />}
        onClick={() => run('run-test')}
        loading={isTesting}
        flex="none"
      >
        Run test
      </Button>
      <Button
        leftSection={<Save size={15} aria-hidden />}
        onClick={() => run('save')}
        disabled={saveState === 'All changes saved'}
        loading={saveState === 'Saving…'}
        flex="none"
      >
        Save
      </Button>
    </header>
  )
}

function NameField() {
  const store = useBuilderStore()
  const name = useBuilder((state) => state.document.name)
  return (
    <input
      className={classes.name}
      aria-label="Name of the flow"
      value={name}
      title={name}
      maxLength={255}
      size={Math.max(8, Math.min(36, name.length))}
      onChange={(event) =>
        store.getState().edit({ kind: 'set_flow', change: { name: event.currentTarget.value } }, 'flow name')
      }
    />
  )
}
