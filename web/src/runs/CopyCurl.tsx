import { Button, Menu } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { ChevronDown, Terminal } from 'lucide-react'
import { useState } from 'react'
import type { JsonObject } from '../../../src/flow/json.ts'
import { messageOf } from '../api.ts'
import { fetchWebhookAccess } from '../builder/webhook/webhook-access.ts'
import { announce } from '../components/Announcer.tsx'
import { copyText } from '../components/CopyButton.tsx'
import { curlOf, maskedToken } from './curl.ts'
import { type RunJson, requestQuery } from './run-queries.ts'
import classes from './StepDetail.module.css'

/** As it was sent, as far as order and spelling of a query's parts can matter. */
function queryText(query: JsonObject): string {
  const pairs = Object.entries(query).flatMap(([key, value]) => [value].flat().map((each) => [key, String(each)]))
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

/** Copies the request that started the run as a command line. The token is in it only when that is asked for. */
export function CopyCurl({ run }: { run: Pick<RunJson, 'id' | 'flow_id'> }) {
  const client = useQueryClient()
  const [said, setSaid] = useState<string | null>(null)
  const copy = async (withToken: boolean) => {
    try {
      const [request, access] = await Promise.all([
        client.fetchQuery(requestQuery(run.id)),
        fetchWebhookAccess(run.flow_id),
      ])
      const text = curlOf({
        url: access.url + queryText(request.query),
        method: request.method ?? 'POST',
        contentType: request.content_type,
        body: request.body,
        base64: request.body_base64,
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
