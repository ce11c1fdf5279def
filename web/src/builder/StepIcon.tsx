import {
  Braces,
  CalendarClock,
  Database,
  FileInput,
  GitBranch,
  Globe,
  Hourglass,
  type LucideIcon,
  Plug,
  Repeat,
  Reply,
  Split,
  SquareCode,
  Webhook,
  Workflow,
} from 'lucide-react'
import classes from './StepIcon.module.css'

type Hue = 'amber' | 'blue' | 'violet' | 'green' | 'slate' | 'rose' | 'tide'

/** Icon and colour per helper; a connector has its own picture, or a plug. */
const looks: Record<string, { icon: LucideIcon; hue: Hue }> = {
  webhook: { icon: Webhook, hue: 'amber' },
  scheduler: { icon: CalendarClock, hue: 'amber' },
  form: { icon: FileInput, hue: 'amber' },
  http: { icon: Globe, hue: 'blue' },
  condition: { icon: GitBranch, hue: 'violet' },
  multi_case: { icon: Split, hue: 'violet' },
  loop: { icon: Repeat, hue: 'violet' },
  dict: { icon: Braces, hue: 'green' },
  code: { icon: SquareCode, hue: 'green' },
  storage: { icon: Database, hue: 'slate' },
  delay: { icon: Hourglass, hue: 'slate' },
  run_flow: { icon: Workflow, hue: 'rose' },
  respond: { icon: Reply, hue: 'rose' },
}

/** The tile that stands for a kind of step: the same in palette, card, list and panel. */
export function StepIcon({
  connector,
  image,
  size = 34,
}: {
  connector: string
  image?: string | undefined
  size?: number
}) {
  const { icon: Icon, hue } = looks[connector] ?? { icon: Plug, hue: 'tide' as const }
  return (
    <span className={classes.tile} style={{ width: size, height: size, color: `var(--hook-${hue})` }} aria-hidden>
      {image?.startsWith('data:') || image?.startsWith('/') ? (
        <img src={image} alt="" width={size - 12} height={size - 12} />
      ) : (
        <Icon size={Math.round(size * 0.53)} strokeWidth={2} />
      )}
    </span>
  )
}
