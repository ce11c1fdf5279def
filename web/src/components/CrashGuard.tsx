import { Button } from '@mantine/core'
import { Component, type ErrorInfo, type ReactNode } from 'react'
import classes from './CrashGuard.module.css'

interface CrashGuardProps {
  /** What crashed, as "panel": the button reads "Reload panel". */
  part: string
  children: ReactNode
  /** A new value takes the error away, as another selected step does. */
  resetKey?: unknown
  /** Instead of drawing it once more, which brings nothing when its code never arrived. */
  onReload?: () => void
}

/** How the loader of pages and the browsers say that a file of the interface did not arrive. */
const missingFile = /unable to preload|dynamically imported module|importing a module script/i

/** Keeps a fault in one part of the screen from taking down the rest. */
export class CrashGuard extends Component<CrashGuardProps, { error: Error | null }> {
  override state: { error: Error | null } = { error: null }

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  override componentDidUpdate(before: CrashGuardProps) {
    if (this.state.error !== null && before.resetKey !== this.props.resetKey) this.setState({ error: null })
  }

  override componentDidCatch(error: Error, info: ErrorInfo) {
    console.error(`The ${this.props.part} crashed`, error, info.componentStack)
  }

  override render() {
    const { error } = this.state
    if (error === null) return this.props.children
    return (
      <div className={classes.card} role="alert">
        <strong>This {this.props.part} has stopped working.</strong>
        <p>
          {missingFile.test(error.message)
            ? 'A file of it did not arrive. Check that the server can be reached, then reload.'
            : error.message}
        </p>
        <Button variant="default" onClick={this.props.onReload ?? (() => this.setState({ error: null }))}>
          Reload {this.props.part}
        </Button>
      </div>
    )
  }
}
