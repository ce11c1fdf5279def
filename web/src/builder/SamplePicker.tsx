import { Button, Menu } from '@mantine/core'
import { Check, ChevronDown, Pencil } from 'lucide-react'
import { useState } from 'react'
import { clockTime, sizeText } from '../components/TimeAgo.tsx'
import { EditData } from './EditData.tsx'
import { type CapturedRequest, useSample } from './samples.ts'

/** Which captured request the previews use. */
export function SamplePicker() {
  const { sample, requests, choose, edit } = useSample()
  const [editing, setEditing] = useState(false)
  return (
    <>
      <Menu position="bottom-end" width={300}>
        <Menu.Target>
          <Button variant="subtle" color="gray" size="compact-xs" rightSection={<ChevronDown size={13} aria-hidden />}>
            Sample: {sample.request ? sampleName(sample.request) : (otherNames[sample.id] ?? 'of the run')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown aria-label="Sample">
          {requests.map((request) => (
            <Menu.Item
              key={request.flow_run_id}
              onClick={() => choose(request.flow_run_id)}
              rightSection={request.flow_run_id === sample.id ? <Check size={14} aria-label="chosen" /> : null}
            >
              {sampleName(request)}
            </Menu.Item>
          ))}
          <Menu.Item
            onClick={() => choose('example')}
            rightSection={sample.id === 'example' ? <Check size={14} aria-label="chosen" /> : null}
          >
            Example
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<Pencil size={14} aria-hidden />} onClick={() => setEditing(true)}>
            Edit the data…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <EditData
        opened={editing}
        onClose={() => setEditing(false)}
        title="Edit the sample"
        note="What the flow is started with: previews and tests use it until you choose another sample. It is not saved."
        value={sample.body}
        action="Use as sample"
        onDone={edit}
      />
    </>
  )
}

const otherNames: Record<string, string> = { example: 'Example', edited: 'Edited' }

export function sampleName({ received_at, method, size }: CapturedRequest): string {
  return `${clockTime(received_at)} ${method ?? ''} ${sizeText(size)}`
}
