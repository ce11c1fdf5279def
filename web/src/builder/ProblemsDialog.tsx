import { Modal } from '@mantine/core'
import { CircleAlert } from 'lucide-react'
import { isolated } from '../components/foreign-text.ts'
import classes from './dialogs.module.css'
import { type Problem, stepOf, useBuilder } from './store.ts'

/** Everything that keeps the flow from going live; each entry leads to the field it is about. */
export function ProblemsDialog({
  opened,
  onClose,
  onGo,
}: {
  opened: boolean
  onClose: () => void
  onGo: (problem: Problem) => void
}) {
  const problems = useBuilder((state) => state.problems)
  const document = useBuilder((state) => state.document)
  const catalogue = useBuilder((state) => state.catalogue)
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Before this flow can go live"
      closeButtonProps={{ 'aria-label': 'Close' }}
      // It would take the focus from the field that a problem has led to (shell/kept-focus.ts).
      returnFocus={false}
    >
      <ul className={classes.list} aria-label="Problems">
        {problems.map((problem) => {
          const step = problem.ref === null ? undefined : stepOf(document, problem.ref)
          return (
            <li key={`${problem.ref}/${problem.field}/${problem.message}`}>
              <button
                type="button"
                className={classes.problem}
                onClick={() => onGo(problem)}
                data-field={problem.field}
              >
                <CircleAlert size={16} aria-hidden />
                <span>
                  <b>{step ? `${isolated(catalogue.title(step))} ${step.ref}` : 'Flow'}</b>
                  <span className={classes.message}>{problem.message}</span>
                </span>
              </button>
            </li>
          )
        })}
      </ul>
      {problems.length === 0 ? (
        <p className={classes.message}>Nothing is missing any more. Save, then go live.</p>
      ) : null}
    </Modal>
  )
}
