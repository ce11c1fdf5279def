import { useMediaQuery, useReducedMotion } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useReactFlow } from '@xyflow/react'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { messageOf } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import { CrashGuard } from '../components/CrashGuard.tsx'
import { flowQuery } from '../flows/flow-queries.ts'
import { offerCommands } from '../shell/palette-state.ts'
import { isTyping, useKeys, useSingleKeys } from '../shell/shortcuts.ts'
import { Canvas } from './Canvas.tsx'
import { focusCard } from './canvas-focus.ts'
import type { CommandContext } from './commands/command.ts'
import { commands } from './commands/index.ts'
import classes from './FlowBuilder.module.css'
import type { FlowStatus, Point } from './flow-document.ts'
import { LeaveGuard } from './LeaveGuard.tsx'
import { ListView } from './ListView.tsx'
import { Notices } from './Notices.tsx'
import { ownProblems } from './own-problems.ts'
import { Palette } from './Palette.tsx'
import { ProblemsDialog } from './ProblemsDialog.tsx'
import { QuickAdd } from './QuickAdd.tsx'
import { builderRoute } from './routes.ts'
import { StepPanel } from './StepPanel.tsx'
import { SampleContext, useSamples } from './samples.ts'
import { useSave } from './saving.ts'
import { isDirty, type Problem, stepOf, useBuilder, useBuilderStore } from './store.ts'
import { TopBar } from './TopBar.tsx'
import { ShownRunContext, useRunOutputs, useRunResults, useRunTest } from './test-run.ts'

const ConflictDialog = lazy(() => import('./ConflictDialog.tsx'))
const SettingsDialog = lazy(() => import('./SettingsDialog.tsx'))
const VersionsDialog = lazy(() => import('./VersionsDialog.tsx'))

type Dialog = 'versions' | 'settings' | 'problems' | null

/** The page of one flow: samples and the shown run around it, the builder inside. */
export function FlowBuilder({ status, onReload }: { status: FlowStatus; onReload: () => void }) {
  const flowId = useBuilder((state) => state.flowId)
  const { run } = builderRoute.useSearch()
  const navigate = builderRoute.useNavigate()
  const [chosen, setChosen] = useState<string | null>(null)
  const firstRef = useBuilder(({ document, catalogue }) => document.steps.find((step) => catalogue.starts(step))?.ref)
  const ofRun = useRunOutputs(run ?? null)
  const runBody = firstRef === undefined ? undefined : ofRun[firstRef]
  const shownRun = useMemo(
    () => (run === undefined || runBody === undefined ? null : { id: run, body: runBody, request: null }),
    [run, runBody],
  )
  const { sample, requests } = useSamples(flowId, chosen, shownRun)
  useRunResults(run ?? null)
  // The data of the shown run; without one, of the run that the sample itself has started.
  const ofSample = useRunOutputs(run === undefined ? (sample.request?.flow_run_id ?? null) : null)
  const outputs = run === undefined ? ofSample : ofRun
  const samples = useMemo(() => ({ sample, requests, choose: setChosen, outputs }), [sample, requests, outputs])
  const shown = useMemo(
    () => ({
      runId: run ?? null,
      show: (id: string | null) =>
        void navigate({ search: (before) => ({ ...before, run: id ?? undefined }), replace: true }),
    }),
    [run, navigate],
  )
  return (
    <SampleContext value={samples}>
      <ShownRunContext value={shown}>
        <Workbench status={status} onReload={onReload} />
      </ShownRunContext>
    </SampleContext>
  )
}

function Workbench({ status, onReload }: { status: FlowStatus; onReload: () => void }) {
  const store = useBuilderStore()
  const client = useQueryClient()
  const search = builderRoute.useSearch()
  const navigate = builderRoute.useNavigate()
  const flow = useReactFlow()
  const reducedMotion = useReducedMotion()
  const isPhone = useMediaQuery('(max-width: 900px)', window.innerWidth <= 900)
  const openStep = useBuilder((state) =>
    search.step !== undefined && stepOf(state.document, search.step) ? search.step : undefined,
  )
  const [quickAdd, setQuickAdd] = useState<{ at: Point | null } | null>(null)
  const [dialog, setDialog] = useState<Dialog>(null)
  const saving = useSave(store)
  const test = useRunTest()
  const isList = isPhone === true || search.view === 'list'

  const open = (step: string, tab?: string) =>
    void navigate({
      search: (before) => ({ ...before, step, tab: tab ?? (before.step === step ? before.tab : undefined) }),
      replace: true,
    })
  const close = () => {
    if (openStep === undefined) return
    void navigate({ search: (before) => ({ ...before, step: undefined, tab: undefined }), replace: true })
    if (!isList) focusCard(openStep)
  }
  const context: CommandContext = {
    store,
    save: () => {
      const known = status === 'live' ? ownProblems(store.getState().document) : []
      if (known.length === 0) return saving.save()
      store.getState().showProblems(known)
      setDialog('problems')
    },
    runTest: () => {
      if (test.isPending) return
      test.mutate()
      if (isDirty(store.getState())) {
        notifications.show({ message: 'The test runs the flow as it was saved last, without your unsaved changes.' })
      }
    },
    fit: () => void flow.fitView({ padding: 0.18, maxZoom: 1, duration: reducedMotion ? 0 : 250 }),
    tidy: async () => {
      const { tidyPlaces } = await import('./tidy.ts')
      store.getState().edit({ kind: 'move', positions: tidyPlaces(store.getState().document) })
      announce('Tidied')
    },
    toggleList: () =>
      void navigate({
        search: (before) => ({ ...before, view: before.view === 'list' ? undefined : 'list' }),
        replace: true,
      }),
    quickAdd: () => setQuickAdd({ at: null }),
    open: setDialog,
    openStep: open,
    closeStep: close,
    isListView: isList,
  }
  const run = (id: string) => commands.find((command) => command.id === id)?.run(context)
  useCommandKeys(context)
  useEffect(() => {
    // The debugger's "fix it here" names the field.
    if (search.field === undefined) return
    focusField(search.field)
    void navigate({ search: (before) => ({ ...before, field: undefined }), replace: true })
  }, [search.field, navigate])
  useEffect(() => offerCommands(paletteCommands(run)))

  return (
    <div className={classes.page}>
      <TopBar
        status={status}
        commands={commands}
        run={run}
        isTesting={test.isPending}
        onProblems={() => setDialog('problems')}
      />
      <Notices
        status={status}
        testError={test.error ? messageOf(test.error) : null}
        saveError={saving.conflict ? null : saving.error ? messageOf(saving.error) : null}
      />
      <div className={classes.bench} data-panel={openStep !== undefined || undefined} data-list={isList || undefined}>
        {isList ? null : <Palette onAdded={(ref) => open(ref)} />}
        <CrashGuard part="canvas">
          {isList ? (
            <ListView openStep={openStep} onOpen={open} onAdd={() => setQuickAdd({ at: null })} />
          ) : (
            <Canvas openStep={openStep} onOpen={open} onClose={close} onQuickAdd={(at) => setQuickAdd({ at })} />
          )}
        </CrashGuard>
        {openStep === undefined ? null : (
          <StepPanel
            stepRef={openStep}
            tab={search.tab}
            onTab={(tab) => open(openStep, tab)}
            onClose={close}
            onRenamed={(ref) => open(ref, search.tab)}
          />
        )}
      </div>
      <QuickAdd open={quickAdd} onClose={() => setQuickAdd(null)} onAdded={(ref) => open(ref)} />
      <ProblemsDialog
        opened={dialog === 'problems'}
        onClose={() => setDialog(null)}
        onGo={(problem) => {
          setDialog(null)
          if (problem.ref === null) return
          store.getState().select([problem.ref])
          open(problem.ref, tabOf(problem))
          focusField(problem.field)
        }}
      />
      <Suspense>
        {dialog === 'versions' ? <VersionsDialog opened onClose={() => setDialog(null)} /> : null}
        {dialog === 'settings' ? <SettingsDialog opened onClose={() => setDialog(null)} /> : null}
        {saving.conflict === null ? null : (
          <ConflictDialog
            conflict={saving.conflict}
            onClose={() => saving.reset()}
            onSaveMine={(onto) => saving.save({ onto })}
            onReload={async () => {
              saving.reset()
              await client.fetchQuery({ ...flowQuery(store.getState().flowId), staleTime: 0 })
              onReload()
            }}
          />
        )}
      </Suspense>
      <LeaveGuard onSave={() => saving.save()} />
    </div>
  )
}

/** Commands of the page, as the palette shows them. */
function paletteCommands(run: (id: string) => void) {
  return commands.map(({ id, label, keys }) => ({
    id,
    label,
    ...(keys === undefined ? {} : { detail: keys }),
    run: () => run(id),
  }))
}

function useCommandKeys(context: CommandContext): void {
  const singleKeys = useSingleKeys((state) => state.on)
  useKeys((event) => {
    const command = commands.find(({ matches }) => matches?.(event))
    if (command === undefined) return
    const isPlain = !event.ctrlKey && !event.metaKey
    if (!command.whileTyping && isTyping(event.target)) return
    if (isPlain && event.key.length === 1 && !singleKeys) return
    const target = event.target as HTMLElement
    // Esc and Del belong to the part of the page that has the focus; the panel closes itself.
    if (target.closest('[data-testid="step-panel"]') && isPlain) return
    if (target.closest('[role="dialog"], [role="menu"]') && !command.whileTyping) return
    event.preventDefault()
    event.stopPropagation()
    command.run(context)
  })
}

/** Where in the panel a problem's field stands. */
function tabOf({ field }: Problem): string | undefined {
  if (field.startsWith('input.response')) return 'response'
  return field === 'arrows' || field === 'on_error' ? 'options' : 'setup'
}

/** The panel may still be loading, so the field is waited for, for a moment. */
function focusField(field: string): void {
  const name = field.replace(/^input\.?/, '')
  let tries = 0
  const look = () => {
    const box = name === '' ? null : document.querySelector<HTMLElement>(`[data-field="${CSS.escape(name)}"]`)
    const target = box?.querySelector<HTMLElement>('input, textarea, [contenteditable="true"], button') ?? null
    if (target !== null) {
      box?.scrollIntoView({ block: 'center' })
      target.focus()
    } else if (tries++ < 40) {
      setTimeout(look, 50)
    }
  }
  look()
}
