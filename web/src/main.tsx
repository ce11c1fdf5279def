import './mantine.css'
import './theme.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { sessionQuery } from './access/session.ts'
import { ApiError, whenSignedOut } from './api.ts'
import { makeRouter } from './router.ts'
import { schemeManager } from './shell/scheme.ts'
import { cssVariables, theme } from './theme.ts'

/** What the server refused stays refused; only a missing answer is worth another try. */
const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (count, error) => count < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 502),
    },
  },
})

whenSignedOut(() => {
  if (client.getQueryData(sessionQuery.queryKey)?.kind !== 'signed-in') return
  client.setQueryData(sessionQuery.queryKey, { kind: 'signed-out' })
})

const router = makeRouter(client)
const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={schemeManager}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
        <Notifications position="bottom-right" />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
