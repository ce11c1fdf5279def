import { Anchor } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { TimeAgo } from '../components/TimeAgo.tsx'
import { Card, Facts } from './Card.tsx'
import { instanceQuery } from './instance-queries.ts'
import { licences } from './licences.ts'

/** Version and licences. */
export function About() {
  const instance = useQuery(instanceQuery)
  return (
    <>
      <Card title="Hookline" text="A webhook arrives, a flow runs, the sender gets its answer.">
        <Facts
          facts={[
            ['Version', instance.data?.version ?? '…'],
            ...(instance.data?.admin
              ? [['Running since', <TimeAgo key="since" at={instance.data.admin.started_at} />] as const]
              : []),
            [
              'API description',
              <Anchor key="openapi" size="sm" href="/v1/openapi.json" target="_blank">
                OpenAPI 3.1
              </Anchor>,
            ],
          ]}
        />
      </Card>
      <Card title="Licences" text="What is in these pages, and under which licence it may be used.">
        <Facts facts={licences} />
      </Card>
    </>
  )
}
