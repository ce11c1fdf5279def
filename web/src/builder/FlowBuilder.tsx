import { useMediaQuery, useReducedMotion } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useReactFlow } from '@xyflow/react'
import { lazy, Suspense, useEffect, useState } from 'react'
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
import { fitOptions } from './first-view.ts'
import type { FlowStatus, Point } from './flow-document.ts'
import { focusField, tabOf } from './focus-field.ts'
import { LeaveGuard } from './LeaveGuard.tsx'
import { ListView } from './ListView.tsx'
import { Notices } from './Notices.tsx'
import { Palette } from './Palette.tsx'
import { ProblemsDialog } from './ProblemsDialog.tsx'
import { QuickAdd } from './QuickAdd.tsx'
import { builderRoute } from './routes.ts'
import { StepPanel } from './StepPanel.tsx'
import { useScopeOf } from './samples.ts'
import { useSave } from './saving.ts'
import { stepOf, useBuilder, useBuilderStore } from './store.ts'
import { TopBar } from './TopBar.tsx'
import { outputsOf, TestContext, type TestOf, useStartTest } from './test-run.ts'

const ConflictDialog = lazy(() => import('./ConflictDialog.tsx'))
const SettingsDialog = lazy(() => import('./SettingsDialog.tsx'))
const VersionsDialog = lazy(() => import('./VersionsDialog.tsx'))

type Dialog = 'versions' | 'settings' | 'problems' | null

/** Palette, canvas, panel and what stands around them. */
export function FlowBuilder({ status, onReload }: { status: FlowStatus; onReload: () => void }) {
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
  const saving = useSave(store, { onProblems: () => setDialog('problems') })
  const test = useStartTest()
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
  const scope = useScopeOf(openStep ?? '')
  const testOpen = (what: (ref: string) => TestOf) => {
    const { document, catalogue } = store.getState()
    const step = openStep === undefined ? undefined : stepOf(document, openStep)
    if (step === undefined || catalogue.starts(step)) return announce('Open a step that comes after the trigger first')
    if (!test.isPending) test.mutate(what(step.ref))
  }
  const context: CommandContext = {
    store,
    save: () => saving.save(),
    runTest: () => {
      if (!test.isPending) test.mutate({ whole: true })
    },
    testStep: () => testOpen((ref) => ({ only: ref, outputs: outputsOf(scope) })),
    runToHere: () => testOpen((ref) => ({ until: ref })),
    fit: () => void flow.fitView({ ...fitOptions, duration: reducedMotion ? 0 : 250 }),
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
    // What leads here from elsewhere, as the debugger's "fix it here", names the field; it is no state of the page.
    if (search.field === undefined && search.panel === undefined) return
    const { field } = search
    const inSettings = search.panel === 'settings' || field?.startsWith('settings.')
    if (inSettings) setDialog('settings')
    if (field !== undefined) focusField(field)
    void navigate({
      search: ({ field: _, panel: __, ...before }) => ({
        ...before,
        ...(field === undefined || inSettings ? {} : { tab: tabOf({ field }) }),
      }),
      replace: true,
    })
  }, [search, navigate])
  useEffect(() => offerCommands(paletteCommands(run)))

  return (
    <TestContext value={test}>
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
          testError={test.error && test.variables && 'whole' in test.variables ? messageOf(test.error) : null}
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
            if (problem.ref === null) {
              if (problem.field.startsWith('settings')) setDialog('settings')
              return focusField(problem.field)
            }
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
    </TestContext>
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
