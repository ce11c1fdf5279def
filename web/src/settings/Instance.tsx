import { Button, Loader } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { CircleCheck, TriangleAlert } from 'lucide-react'
import { messageOf } from '../api.ts'
import { CopyButton } from '../components/CopyButton.tsx'
import { Card, Facts } from './Card.tsx'
import classes from './Instance.module.css'
import { checkReach, publicUrlQuery } from './instance-queries.ts'
import { Refusal } from './Listing.tsx'
import { Retention } from './Retention.tsx'

/** The server: its public address, and the settings it was started with. */
export function Instance() {
  return (
    <>
      <PublicUrl />
      <Retention />
      <Card
        title="Settings of the server"
        text="They come from the environment that Hookline is started with, so that they are the same after every restart."
      >
        <Facts facts={knownSettings} />
      </Card>
    </>
  )
}

/** The ones most asked for; the page of settings in the documentation has them all. */
const knownSettings = [
  ['HOOKLINE_PUBLIC_URL', 'The address under which senders reach this server'],
  ['HOOKLINE_MAX_BODY_BYTES', 'The largest webhook body, 10 MiB by default'],
  ['HOOKLINE_RATE_LIMIT_PER_IP', 'Webhook requests of one address, such as 300/300 for 300 in 5 minutes'],
  ['HOOKLINE_RATE_LIMIT_PER_FLOW', 'Webhook requests of one flow'],
  ['HOOKLINE_WORKER_CONCURRENCY', 'Runs that a worker works on at the same time'],
] as const

function PublicUrl() {
  const url = useQuery(publicUrlQuery)
  const check = useMutation({ mutationFn: checkReach })
  return (
    <Card title="Public URL" text="What webhook URLs begin with. Senders must reach this server by it.">
      {url.data === undefined ? (
        url.error === null ? (
          <Loader size="xs" aria-label="Loading" />
        ) : (
          <Refusal>{messageOf(url.error)}</Refusal>
        )
      ) : url.data === null ? (
        <span className={classes.quiet}>Make a flow with a webhook to see it.</span>
      ) : (
        <>
          <div className={classes.url}>
            <code data-testid="public-url">{url.data}</code>
            <CopyButton label="Copy public URL" value={url.data} />
            <Button variant="default" onClick={() => url.data && check.mutate(url.data)} loading={check.isPending}>
              Check now
            </Button>
          </div>
          {check.data === undefined ? null : (
            <p className={classes.reach} data-ok={check.data.ok} role="status">
              {check.data.ok ? <CircleCheck size={15} aria-hidden /> : <TriangleAlert size={15} aria-hidden />}
              {check.data.message}
            </p>
          )}
          {check.error === null ? null : <Refusal>{messageOf(check.error)}</Refusal>}
        </>
      )}
    </Card>
  )
}
