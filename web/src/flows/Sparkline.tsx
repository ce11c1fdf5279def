import classes from './Sparkline.module.css'

const bar = { width: 4, gap: 1, height: 22, least: 2 }

/** Counts as small bars; the number is in the label. */
export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  const most = Math.max(1, ...values)
  const width = values.length * (bar.width + bar.gap)
  return (
    <svg className={classes.line} width={width} height={bar.height} role="img" aria-label={label}>
      <title>{label}</title>
      {values.map((value, index) => {
        const height = value === 0 ? bar.least : Math.max(bar.least + 1, (value / most) * bar.height)
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: an hour is known by its place only.
            key={index}
            x={index * (bar.width + bar.gap)}
            y={bar.height - height}
            width={bar.width}
            height={height}
            rx={1}
            data-empty={value === 0 || undefined}
          />
        )
      })}
    </svg>
  )
}
