import { Anchor } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { call } from '../api.ts'
import { Card, Facts } from './Card.tsx'
import { licences } from './licences.ts'

/** Version and licences. */
export function About() {
  const api = useQuery({
    queryKey: ['openapi', 'info'],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => (await call<{ openapi: string; info: { version: string } }>('GET', 'openapi.json')).info,
  })
  return (
    <>
      <Card title="Hookline" text="A webhook arrives, a flow runs, the sender gets its answer.">
        <Facts
          facts={[
            ['API', api.data === undefined ? '…' : `version ${api.data.version}`],
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
