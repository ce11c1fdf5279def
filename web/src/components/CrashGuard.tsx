import { Button } from '@mantine/core'
import { Component, type ErrorInfo, type ReactNode } from 'react'
import classes from './CrashGuard.module.css'

interface CrashGuardProps {
  /** What crashed, as "panel": the button reads "Reload panel". */
  part: string
  children: ReactNode
  /** A new value takes the error away, as another selected step does. */
  resetKey?: unknown
}

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
        <p>{error.message}</p>
        <Button variant="default" onClick={() => this.setState({ error: null })}>
          Reload {this.props.part}
        </Button>
      </div>
    )
  }
}
