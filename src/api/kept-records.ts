import { type Flow, loopBodyLabel } from '../flow/flow.ts'
import { loopBodies, reach } from '../flow/graph.ts'
import type { StepRecord } from '../flow/run.ts'

/**
 * The records that still count when a run is taken up again at a step: everything that neither is that step nor comes
 * after it.
 *
 * In a loop it is the pass that counts. When the step failed in some passes, the passes in which it did not keep all
 * their records; when it failed in none, it is run again in every pass. The loops around it did not end in a way
 * that still holds, and what follows them is run again, too.
 */
export function keptRecords(
  records: readonly StepRecord[],
  from: string,
  flow: Pick<Flow, 'steps' | 'arrows'>,
): StepRecord[] {
  const around = [...loopBodies(flow.steps, flow.arrows)].flatMap(([loop, body]) => (body.has(from) ? [loop] : []))
  const again = reach([from], flow.arrows)
  // What a loop's other arrows lead to comes after the loop, and so after the step inside it.
  const beyond = reach(
    flow.arrows.filter((arrow) => around.includes(arrow.from) && arrow.label !== loopBodyLabel).map(({ to }) => to),
    flow.arrows,
  )
  const failedPasses = latest(records).filter(({ ref, status }) => ref === from && status !== 'success')
  const isAgain = ({ ref, path }: StepRecord) =>
    again.has(ref) && (failedPasses.length === 0 || failedPasses.some((failed) => isWithin(path, failed.path)))
  return records.filter((record) => !around.includes(record.ref) && !beyond.has(record.ref) && !isAgain(record))
}

/** The last attempt of each step and pass. */
function latest(records: readonly StepRecord[]): StepRecord[] {
  return [...new Map(records.map((record) => [`${record.ref}|${record.path}`, record])).values()]
}

/** Whether a pass is the other one or a pass of a loop inside it. */
function isWithin(path: string, outer: string): boolean {
  return outer === '' || path === outer || path.startsWith(`${outer}.`)
}
