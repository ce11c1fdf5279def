import type { ReactNode } from 'react'
import classes from './Listing.module.css'

/** The body of a page below its bar. */
export function Page({ children }: { children: ReactNode }) {
  return <div className={classes.page}>{children}</div>
}

interface ListingProps {
  /** What is listed, for screen readers. */
  caption: string
  /** Column titles; an empty one belongs to the row's actions. */
  columns: readonly string[]
  children: ReactNode
}

/**
 * A short list as a table on a card; on a phone each row is a card of its own, without the column titles: a cell that is not
 * understood without its title has it as `data-label`.
 */
export function Listing({ caption, columns, children }: ListingProps) {
  return (
    <div className={classes.card}>
      <table className={classes.table}>
        <caption className={classes.hidden}>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column === '' ? <span className={classes.hidden}>Actions</span> : column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}

/** What a mutation or query was refused with, where it is mended. */
export function Refusal({ children }: { children: ReactNode }) {
  return (
    <p className={classes.refusal} role="alert">
      {children}
    </p>
  )
}

/** The row's buttons, at its end. */
export function RowActions({ children }: { children: ReactNode }) {
  return <div className={classes.actions}>{children}</div>
}
