import { Button, Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CircleCheck, TriangleAlert } from 'lucide-react'
import { messageOf } from '../api.ts'
import { CopyButton } from '../components/CopyButton.tsx'
import { sizeText, TimeAgo } from '../components/TimeAgo.tsx'
import { Card, Facts } from './Card.tsx'
import classes from './Instance.module.css'
import { type InstanceJson, instanceQuery, useReachCheck } from './instance-queries.ts'
import { Refusal } from './Listing.tsx'
import { Retention } from './Retention.tsx'
import { ServerSettings } from './ServerSettings.tsx'

/** The server: its public address, how much it keeps, and the settings it was started with. */
export function Instance() {
  const instance = useQuery(instanceQuery)
  if (instance.error !== null) return <Refusal>{messageOf(instance.error)}</Refusal>
  if (instance.data === undefined) return <Loader size="sm" aria-label="Loading" role="status" />
  const { admin } = instance.data
  return (
    <>
      <PublicUrl instance={instance.data} />
      <Retention />
      {admin === null ? null : <Storage storage={admin.storage} />}
      {admin === null ? null : <ServerSettings settings={admin.settings} />}
    </>
  )
}

function PublicUrl({ instance }: { instance: InstanceJson }) {
  const check = useReachCheck()
  const { public_url, public_url_configured, public_url_check: reach } = instance
  return (
    <Card title="Public URL" text="What webhook URLs begin with. Senders must reach this server by it.">
      <div className={classes.url}>
        <code data-testid="public-url">{public_url}</code>
        <CopyButton label="Copy public URL" value={public_url} />
        <Button variant="default" onClick={() => check.mutate()} loading={check.isPending}>
          Check now
        </Button>
      </div>
      <p className={classes.reach} data-ok={reach.ok} role="status">
        {reach.ok ? <CircleCheck size={15} aria-hidden /> : <TriangleAlert size={15} aria-hidden />}
        <span>
          {reach.message}{' '}
          <span className={classes.quiet}>
            Checked <TimeAgo at={reach.checked_at} />.
          </span>
        </span>
      </p>
      {public_url_configured ? null : (
        <p className={classes.quiet}>
          It is the address this server listens on. Senders elsewhere need another one: set{' '}
          <code>HOOKLINE_PUBLIC_URL</code>.
        </p>
      )}
      {check.error === null ? null : <Refusal>{messageOf(check.error)}</Refusal>}
    </Card>
  )
}

type StorageJson = NonNullable<InstanceJson['admin']>['storage']

function Storage({ storage }: { storage: StorageJson }) {
  const { database_bytes, run_bytes, payload_bytes, run_count, disk_free_bytes, disk_bytes } = storage
  return (
    <Card
      title="Space"
      text="What the database takes. Runs and their payloads are most of it; retention keeps them in bounds."
    >
      <Facts
        facts={[
          ['Database', sizeText(database_bytes)],
          ['Runs', `${sizeText(run_bytes)}${run_count === null ? '' : `, about ${run_count.toLocaleString()} runs`}`],
          ['Payloads of their steps', sizeText(payload_bytes)],
          ...(disk_free_bytes === null || disk_bytes === null
            ? []
            : [['Disk', `${sizeText(disk_free_bytes)} free of ${sizeText(disk_bytes)}`] as const]),
        ]}
      />
    </Card>
  )
}
