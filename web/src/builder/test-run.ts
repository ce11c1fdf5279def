import { useMutation } from '@tanstack/react-query'
import { createContext, use } from 'react'
import type { JsonObject } from '../../../src/flow/json.ts'
import { stepsTo } from '../../../src/flow/part.ts'
import { call, messageOf } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import type { Catalogue } from './catalogue.ts'
import { bodyOf, type FlowDocument } from './flow-document.ts'
import { useSample } from './samples.ts'
import { problemsIn } from './saving.ts'
import { useShownRun } from './shown-run.ts'
import { useBuilderStore } from './store.ts'
import type { TemplateScope } from './template/completion.ts'

/** What is tested: the whole flow, what leads to a step, or a step alone with what the steps before it yielded. */
export type TestOf = { whole: true } | { until: string } | { only: string; outputs: JsonObject }

/** Starts tests of what is being edited, saved or not, with the chosen sample, and shows them. */
export function useStartTest() {
  const store = useBuilderStore()
  const { sample, keepBeneath } = useSample()
  const { runId, show } = useShownRun()
  return useMutation({
    mutationFn: (what: TestOf) => {
      const { flowId, document } = store.getState()
      const sampleId = sample.request?.flow_run_id ?? runId
      return call<{ flow_run_id: string }>('POST', `flows/${flowId}/run`, {
        body: {
          flow: bodyOf(document),
          payload: sample.body,
          ...(sampleId === null ? {} : { sample_id: sampleId }),
          ...('whole' in what ? {} : what),
        },
      })
    },
    onSuccess: ({ flow_run_id }, what) => {
      keepBeneath(!('whole' in what))
      show(flow_run_id, 'whole' in what ? undefined : 'last')
    },
    onError: (error) => {
      const problems = problemsIn(error)
      if (problems.length > 0) store.getState().showProblems(problems)
      announce(`The test did not run: ${messageOf(error)}`)
    },
  })
}

/** What the steps before a step have yielded, as its templates see it; the request and a loop's index are no step's. */
export function outputsOf({ values, names }: TemplateScope): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)))
}

export type StartTest = ReturnType<typeof useStartTest>

/** One for the page: whatever starts a test, there is one test under way and one place that says how it went. */
export const TestContext = createContext<StartTest | null>(null)

export function useTest(): StartTest {
  const test = use(TestContext)
  if (test === null) throw new Error('not inside a flow builder')
  return test
}

/** The steps that act outside when the flow is run as far as a step, besides that step. */
export function actsOnTheWay(document: FlowDocument, ref: string, catalogue: Catalogue): string[] {
  const refs = new Set(stepsTo(document, ref))
  return document.steps
    .filter((step) => step.ref !== ref && refs.has(step.ref) && catalogue.actsOutside(step))
    .map((step) => step.ref)
}
