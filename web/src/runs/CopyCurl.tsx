import { Button, Menu } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { ChevronDown, Terminal } from 'lucide-react'
import { useState } from 'react'
import { messageOf } from '../api.ts'
import { fetchWebhookAccess } from '../builder/webhook/webhook-access.ts'
import { announce } from '../components/Announcer.tsx'
import { copyText } from '../components/CopyButton.tsx'
import { curlOf, maskedToken } from './curl.ts'
import { payloadQuery, type RunJson, requestQuery, type StepJson } from './run-queries.ts'
import classes from './StepDetail.module.css'

/** Copies the request that started the run as a command line. The token is in it only when that is asked for. */
export function CopyCurl({ run, step }: { run: RunJson; step: StepJson }) {
  const client = useQueryClient()
  const [said, setSaid] = useState<string | null>(null)
  const copy = async (withToken: boolean) => {
    try {
      const [request, payload, access] = await Promise.all([
        client.fetchQuery(requestQuery(run)),
        client.fetchQuery(payloadQuery(run.id, step.seq, 'input')),
        fetchWebhookAccess(run.flow_id),
      ])
      const text = curlOf({
        url: access.url,
        method: request?.method ?? 'POST',
        contentType: request?.content_type ?? 'application/json',
        // Without the bytes themselves, what the flow saw is the nearest thing.
        body: request?.raw_body ?? payload,
        token: access.token_enabled ? (withToken ? access.token : maskedToken) : null,
      })
      await copyText(text)
      setSaid('Copied')
      announce(withToken ? 'cURL with the token copied' : 'cURL copied, without the token')
      window.setTimeout(() => setSaid(null), 1_600)
    } catch (error) {
      setSaid(messageOf(error))
    }
  }
  return (
    <>
      <Button.Group ml="auto">
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Terminal size={13} aria-hidden />}
          onClick={() => copy(false)}
        >
          {said === 'Copied' ? 'Copied' : 'Copy as cURL'}
        </Button>
        <Menu position="bottom-end" width={220}>
          <Menu.Target>
            <Button size="compact-sm" variant="default" px={6} aria-label="More ways to copy the request">
              <ChevronDown size={13} aria-hidden />
            </Button>
          </Menu.Target>
          <Menu.Dropdown aria-label="Copy as cURL">
            <Menu.Item onClick={() => copy(false)}>Token masked</Menu.Item>
            <Menu.Item onClick={() => copy(true)}>With token</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Button.Group>
      {said === null || said === 'Copied' ? null : (
        <span role="alert" className={classes.next}>
          {said}
        </span>
      )}
    </>
  )
}
