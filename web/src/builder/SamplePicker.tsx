import { Button, Menu } from '@mantine/core'
import { Check, ChevronDown } from 'lucide-react'
import { clockTime, sizeText } from '../components/TimeAgo.tsx'
import { type CapturedRequest, useSample } from './samples.ts'

/** Which captured request the previews use. */
export function SamplePicker() {
  const { sample, requests, choose } = useSample()
  return (
    <Menu position="bottom-end" width={300}>
      <Menu.Target>
        <Button variant="subtle" color="gray" size="compact-xs" rightSection={<ChevronDown size={13} aria-hidden />}>
          Sample: {sample.request ? sampleName(sample.request) : sample.id === 'example' ? 'Example' : 'of the run'}
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
      </Menu.Dropdown>
    </Menu>
  )
}

export function sampleName({ received_at, method, size }: CapturedRequest): string {
  return `${clockTime(received_at)} ${method ?? ''} ${sizeText(size)}`
}
