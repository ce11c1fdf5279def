import classes from './ConnectorMark.module.css'

/** Colours of the marks: each holds white text at 4.5:1 or more. */
const colours = ['#0b6e69', '#1f5fa8', '#7b3fa0', '#a03a6c', '#97440f', '#4d6a12', '#5a5fb0', '#8a4b00']

/**
 * A connector's mark: its first letters on a colour of its own. Vendors' logos would have to be fetched from their
 * servers, which the Content-Security-Policy forbids, and are theirs.
 */
export function ConnectorMark({ name, title, size = 38 }: { name: string; title: string; size?: number }) {
  const sum = [...name].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0)
  const words = title.split(/[\s.]+/).filter((word) => word !== '')
  const letters = words.length > 1 ? `${words[0]?.[0] ?? ''}${words[1]?.[0] ?? ''}` : title.slice(0, 2)
  return (
    <span
      className={classes.mark}
      style={{ width: size, height: size, fontSize: size * 0.38, background: colours[sum % colours.length] }}
      aria-hidden
    >
      {letters}
    </span>
  )
}
