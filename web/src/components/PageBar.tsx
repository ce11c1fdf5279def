import type { ReactNode } from 'react'
import classes from './PageBar.module.css'

/** The bar on top of a page: its title, and what can be done on it. */
export function PageBar({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <header className={classes.bar}>
      <h1 className={classes.title}>{title}</h1>
      {children ? <div className={classes.actions}>{children}</div> : null}
    </header>
  )
}
