import { lazy, Suspense } from 'react'
import { Loading } from '../shell/root-route.tsx'

const load = () => import('./LastRun.tsx')
const LastRun = lazy(() => load().then((file) => ({ default: file.LastRun })))

/** Fetched while the builder rests. */
export function preloadLastRun(): void {
  void load()
}

/** What a step did in the shown run; a chunk of its own, since a panel opens without it. */
export function LastRunTab({ stepRef }: { stepRef: string }) {
  return (
    <Suspense fallback={<Loading />}>
      <LastRun stepRef={stepRef} />
    </Suspense>
  )
}
