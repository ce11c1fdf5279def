import { useQuery } from '@tanstack/react-query'
import { ReactFlowProvider } from '@xyflow/react'
import { useEffect, useState } from 'react'
import { ApiError } from '../api.ts'
import { type FlowJson, flowQuery } from '../flows/flow-queries.ts'
import { Loading, NotFound } from '../shell/root-route.tsx'
import { type Catalogue, catalogueQuery } from './catalogue.ts'
import { FlowBuilder } from './FlowBuilder.tsx'
import { FlowData } from './FlowData.tsx'
import { builderRoute } from './routes.ts'
import { preloadPanels } from './StepPanel.tsx'
import { BuilderContext, createBuilder } from './store.ts'
import { preloadTemplateEditor } from './template/TemplateField.tsx'

/** Fetches a flow and what it can be made of, and opens the builder on it. */
export default function FlowPage() {
  const { flowId } = builderRoute.useParams()
  const flow = useQuery(flowQuery(flowId))
  const catalogue = useQuery(catalogueQuery)
  const error = flow.error ?? catalogue.error
  if (error instanceof ApiError && error.status === 404) return <NotFound what="flow" />
  if (error && (flow.data === undefined || catalogue.data === undefined)) throw error
  if (flow.data === undefined || catalogue.data === undefined) return <Loading />
  return <Builder key={flowId} flow={flow.data} catalogue={catalogue.data} />
}

/** The builder works on its own copy; what others save meanwhile shows up as a conflict, never by itself. */
function Builder({ flow, catalogue }: { flow: FlowJson; catalogue: Catalogue }) {
  const [generation, setGeneration] = useState(0)
  const [opened, setOpened] = useState(() => ({ generation: 0, store: createBuilder(flow, catalogue) }))
  if (opened.generation !== generation) setOpened({ generation, store: createBuilder(flow, catalogue) })
  useEffect(() => {
    const idle = window.requestIdleCallback ?? ((run: () => void) => window.setTimeout(run, 500))
    idle(() => {
      preloadTemplateEditor()
      preloadPanels()
    })
  }, [])
  useEffect(() => {
    document.title = `${flow.name} · Hookline`
    return () => {
      document.title = 'Hookline'
    }
  }, [flow.name])
  return (
    <BuilderContext value={opened.store}>
      <ReactFlowProvider key={opened.generation}>
        <FlowData>
          <FlowBuilder status={flow.status} onReload={() => setGeneration((count) => count + 1)} />
        </FlowData>
      </ReactFlowProvider>
    </BuilderContext>
  )
}
