import { Tabs } from '@mantine/core'
import { LastRunTab } from '../LastRunTab.tsx'
import classes from '../panel.module.css'
import { StepOptions } from '../StepOptions.tsx'
import type { PanelProps } from '../StepPanel.tsx'
import { ResponseTab } from './ResponseTab.tsx'
import { SetupTab } from './SetupTab.tsx'
import { TestTab } from './TestTab.tsx'

/** The Edit panel of the webhook helper: where to send, what comes back, what has come in. */
export default function WebhookPanel({ stepRef, tab, onTab }: PanelProps) {
  return (
    <Tabs
      value={tab ?? 'setup'}
      onChange={(next) => onTab(next ?? 'setup')}
      keepMounted={false}
      className={classes.tabs}
    >
      <Tabs.List className={classes.tabList}>
        <Tabs.Tab value="setup">Setup</Tabs.Tab>
        <Tabs.Tab value="response">Response</Tabs.Tab>
        <Tabs.Tab value="test">Test</Tabs.Tab>
        <Tabs.Tab value="last">Last run</Tabs.Tab>
        <Tabs.Tab value="options">Options</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="setup">
        <SetupTab stepRef={stepRef} />
      </Tabs.Panel>
      <Tabs.Panel value="response">
        <ResponseTab stepRef={stepRef} />
      </Tabs.Panel>
      <Tabs.Panel value="test">
        <TestTab />
      </Tabs.Panel>
      <Tabs.Panel value="last">
        <LastRunTab stepRef={stepRef} />
      </Tabs.Panel>
      <Tabs.Panel value="options">
        <StepOptions stepRef={stepRef} />
      </Tabs.Panel>
    </Tabs>
  )
}
