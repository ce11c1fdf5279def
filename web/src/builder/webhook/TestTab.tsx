import { Button, SegmentedControl } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Ear, EarOff, Pin } from 'lucide-react'
import { useEffect, useState } from 'react'
import { call, messageOf } from '../../api.ts'
import { announce } from '../../components/Announcer.tsx'
import { JsonView } from '../../components/JsonView.tsx'
import { StatusBadge } from '../../components/StatusBadge.tsx'
import { clockTime, sizeText } from '../../components/TimeAgo.tsx'
import { onLiveEvent } from '../../live/live.ts'
import classes from '../panel.module.css'
import { type CapturedRequest, requestsQuery, useSample } from '../samples.ts'
import { useBuilder } from '../store.ts'
import table from './TestTab.module.css'

/** Listens for the next request, and shows the last ones as the flow sees them. */
export function TestTab() {
  const { requests, sample, choose } = useSample()
  const [opened, setOpened] = useState<string | null>(null)
  const chosen = requests.find(({ flow_run_id }) => flow_run_id === opened) ?? requests[0]
  return (
    <div className={classes.sections}>
      <Listen onCaptured={setOpened} />
      <section className={classes.section}>
        <h3 className={classes.heading}>Last requests</h3>
        {requests.length === 0 ? (
          <p className={classes.note}>
            Nothing has arrived yet. Press Listen and send a request, for example the cURL from Setup.
          </p>
        ) : (
          <div className={table.scroll}>
            <table className={table.requests}>
              <caption className={table.caption}>
                {requests.length === 1 ? 'One request' : `The last ${requests.length} requests, newest first`}
              </caption>
              <thead>
                <tr>
                  <th scope="col">Time</th>
                  <th scope="col">Request</th>
                  <th scope="col">From</th>
                  <th scope="col">Size</th>
                  <th scope="col">Result</th>
                </tr>
              </thead>
              <tbody>
                {requests.map((request) => (
                  <tr key={request.flow_run_id} data-selected={request === chosen || undefined}>
                    <td>
                      <button type="button" className={table.open} onClick={() => setOpened(request.flow_run_id)}>
                        {clockTime(request.received_at)}
                      </button>
                    </td>
                    <td className={table.type}>
                      {request.method} <span>{request.content_type ?? 'no content type'}</span>
                    </td>
                    <td>{request.ip}</td>
                    <td>{sizeText(request.size)}</td>
                    <td>
                      <StatusBadge status={request.status} bare />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      {chosen ? (
        <RequestDetail
          request={chosen}
          isSample={chosen.flow_run_id === sample.id}
          onUse={() => choose(chosen.flow_run_id)}
        />
      ) : null}
    </div>
  )
}

/** What a live event says of a request that was listened for: one that was let in starts a run, one that was refused has a reason. */
interface CaptureData {
  flow_id?: string
  flow_run_id?: string | null
  /** Why it was refused, when it was. */
  reason?: string | null
  status?: number | string
}

function Listen({ onCaptured }: { onCaptured: (runId: string) => void }) {
  const flowId = useBuilder((state) => state.flowId)
  const client = useQueryClient()
  const [state, setState] = useState<{ until: Date } | { heard: string; refused: boolean } | null>(null)
  const listen = useMutation({
    mutationFn: () => call<{ until: string }>('POST', `flows/${flowId}/listen`),
    onSuccess: ({ until }) => setState({ until: new Date(until) }),
  })
  const stop = useMutation({
    mutationFn: () => call<unknown>('DELETE', `flows/${flowId}/listen`),
    onSuccess: () => setState(null),
  })
  const isListening = state !== null && 'until' in state

  useEffect(() => {
    if (!isListening) return
    return onLiveEvent(({ type, data }) => {
      const capture = data as CaptureData
      if (type !== 'capture' || capture.flow_id !== flowId) return
      void client.invalidateQueries({ queryKey: requestsQuery(flowId).queryKey })
      const refused = typeof capture.reason === 'string' && capture.reason !== ''
      const heard = refused
        ? `A request was refused: ${capture.reason}. Its body is not kept.`
        : 'A request has arrived. Listening has stopped; the flow ran as always.'
      setState({ heard, refused })
      announce(heard)
      if (capture.flow_run_id) onCaptured(capture.flow_run_id)
    })
  }, [isListening, flowId, client, onCaptured])
  useEffect(() => {
    if (state === null || !('until' in state)) return
    const timer = setTimeout(() => setState(null), Math.max(0, state.until.getTime() - Date.now()))
    return () => clearTimeout(timer)
  }, [state])

  return (
    <section className={classes.section}>
      <div className={classes.inline}>
        {isListening ? (
          <Button
            variant="light"
            leftSection={<EarOff size={16} aria-hidden />}
            onClick={() => stop.mutate()}
            loading={stop.isPending}
          >
            Stop listening
          </Button>
        ) : (
          <Button
            leftSection={<Ear size={16} aria-hidden />}
            onClick={() => listen.mutate()}
            loading={listen.isPending}
          >
            Listen
          </Button>
        )}
        <span className={classes.note}>
          {isListening
            ? 'Waiting for the next request to the URL…'
            : 'Shows the next request; a live flow still runs it.'}
        </span>
      </div>
      {state !== null && 'heard' in state ? (
        <p className={state.refused ? classes.danger : classes.info} role="status">
          {state.heard}
        </p>
      ) : null}
      {listen.error ? (
        <p className={classes.danger} role="alert">
          {messageOf(listen.error)}
        </p>
      ) : null}
    </section>
  )
}

function RequestDetail({
  request,
  isSample,
  onUse,
}: {
  request: CapturedRequest
  isSample: boolean
  onUse: () => void
}) {
  const [part, setPart] = useState('body')
  return (
    <section className={classes.section} aria-label="Request">
      <div className={classes.spread}>
        <SegmentedControl
          size="xs"
          value={part}
          onChange={setPart}
          aria-label="Part of the request"
          data={[
            { value: 'body', label: 'Body' },
            { value: 'headers', label: 'Headers' },
            { value: 'raw', label: 'Raw' },
          ]}
        />
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<Pin size={14} aria-hidden />}
          onClick={onUse}
          disabled={isSample}
        >
          {isSample ? 'Is the sample' : 'Use as sample'}
        </Button>
      </div>
      {part === 'body' ? (
        <JsonView value={request.body} label="Body as the flow sees it" rootName="web1" openLevels={3} />
      ) : null}
      {part === 'headers' ? <JsonView value={request.headers} label="Headers" /> : null}
      {part === 'raw' ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: long output scrolls, and scrolling needs the keyboard too.
        <pre className={classes.output} tabIndex={0} data-testid="raw-body">
          {request.raw_body ?? ''}
        </pre>
      ) : null}
    </section>
  )
}
