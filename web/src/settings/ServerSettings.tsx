import { Card } from './Card.tsx'
import type { InstanceJson } from './instance-queries.ts'
import classes from './ServerSettings.module.css'

type Setting = NonNullable<InstanceJson['admin']>['settings'][number]

/** What this process was started with. Secrets only say whether they are set. */
export function ServerSettings({ settings }: { settings: readonly Setting[] }) {
  return (
    <Card
      title="Settings of the server"
      text="They come from the environment that Hookline is started with, so that they are the same after every restart."
    >
      <dl className={classes.settings} data-testid="server-settings">
        {settings.map((setting) => (
          <div key={setting.name}>
            <dt>
              <code>{setting.name}</code>
            </dt>
            <dd>
              <Value setting={setting} />
              <p>{plain(setting.description)}</p>
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  )
}

function Value({ setting: { value, is_set, is_secret } }: { setting: Setting }) {
  if (is_secret) return <span className={classes.quiet}>{is_set ? 'set, not shown' : 'not set'}</span>
  if (value === null || value === '') return <span className={classes.quiet}>not set</span>
  return (
    <>
      <code className={classes.value}>{value}</code>
      {is_set ? null : <span className={classes.quiet}> default</span>}
    </>
  )
}

/** Descriptions are written for a page that knows backticks. */
function plain(text: string): string {
  return text.replaceAll('`', '')
}
