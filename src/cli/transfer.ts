import { readFile, writeFile } from 'node:fs/promises'
import { problemsOf } from '../api/route.ts'
import { exportFlows, type TransferDocument, transferDocument } from '../api/transfer.ts'
import { importDocument, type Transfer, type TransferProblem } from '../api/transfer-import.ts'
import { loadConnectors } from '../connectors/index.ts'
import { type Json, parseJson, stringifyJson } from '../flow/json.ts'
import { plainWords } from '../plain-words.ts'
import { connectorKinds } from '../steps/connector-action.ts'
import { stepKinds } from '../steps/index.ts'
import { createAccountConnectors } from '../worker/account-connectors.ts'
import { CommandError } from './failure.ts'
import { withStorage } from './open.ts'

interface ExportOptions {
  flow?: readonly string[]
  all: boolean
  output?: string
}

/** `export`: writes flows, the connectors of the account's own and the variables that they use as one JSON document. */
export async function exportToFile({ flow = [], all, output }: ExportOptions): Promise<void> {
  if (all && flow.length > 0) throw new CommandError('say either --all or --flow: with neither, everything is written')
  const document = await withStorage(async (storage) => {
    const { id: accountId } = await storage.accounts.ensureFirst()
    return exportFlows(storage, accountId, flow.length > 0 ? flow : 'all')
  })
  const text = `${stringifyJson(document as unknown as Json, 2)}\n`
  if (output === undefined) process.stdout.write(text)
  else await writeFile(output, text).catch(unreadable)
  const { flows, connectors, env_variables } = document
  console.error(
    `${flows.length} flows, ${connectors.length} connectors, ${Object.keys(env_variables).length} env variables. Credentials and tokens are not in it; the values of env variables are.`,
  )
}

/**
 * `import`: brings the account to what a document says, all of it or nothing. A dry run does everything, and then takes
 * it back: what it shows is what would happen.
 */
export async function importFromFile(path: string, { dryRun }: { dryRun: boolean }): Promise<void> {
  const document = await readDocument(path)
  await withStorage(async (storage, config) => {
    const { id: accountId } = await storage.accounts.ensureFirst()
    const plan: Transfer[] = []
    await storage
      .atomically(async (nouns) => {
        const { transfers, problems } = await importDocument(document, nouns, {
          accountId,
          kinds: () =>
            createAccountConnectors({
              builtIn: loadConnectors(),
              own: nouns.connectors,
              helpers: stepKinds,
              kindsOf: connectorKinds,
              onUnreadable: (_account, name, reason) => console.error(`connector ${name} is left out: ${reason}`),
            }).kinds(accountId),
          sendsEmail: config.email !== undefined,
          now: () => new Date(),
        })
        if (problems.length > 0) throw new CommandError(refusal(problems))
        plan.push(...transfers)
        if (dryRun) throw new DryRun()
      })
      .catch((error: unknown) => {
        if (!(error instanceof DryRun)) throw error
      })
    for (const each of plan) console.log(line(each))
    console.error(summary(plan, dryRun))
  })
}

/** Takes back what a dry run has done. */
class DryRun extends Error {}

async function readDocument(path: string): Promise<TransferDocument> {
  const text = await readFile(path === '-' ? '/dev/stdin' : path, 'utf8').catch(unreadable)
  let value: Json
  try {
    value = parseJson(text)
  } catch (error) {
    throw new CommandError(`${path}: ${error instanceof Error ? error.message : error}`)
  }
  const { success, data, error } = transferDocument.safeParse(value, { error: plainWords })
  if (success) return data
  const problems = problemsOf(error, transferDocument).map(({ field, message }) => `\n  ${field}: ${message}`)
  throw new CommandError(`${path} can't be imported:${problems.join('')}`)
}

function unreadable(error: unknown): never {
  throw new CommandError(error instanceof Error ? error.message : String(error))
}

function line({ action, kind, name, id, notes }: Transfer): string {
  const what = `${action.padEnd(6)}  ${kind} ${JSON.stringify(name)}${id === undefined ? '' : ` (${id})`}`
  return [what, ...notes.map((note) => `          ${note}`)].join('\n')
}

function summary(plan: readonly Transfer[], dryRun: boolean): string {
  const count = (action: Transfer['action']) => plan.filter((each) => each.action === action).length
  const done = dryRun ? 'A dry run: nothing was changed. It would be' : 'Done:'
  return `${done} ${count('create')} created, ${count('update')} updated, ${count('same')} left as they are.`
}

function refusal(problems: readonly TransferProblem[]): string {
  const lines = problems.map(({ what, ref, field, message }) => {
    const where = [what, ...(ref === null ? [] : [`step ${ref}`]), ...(field === '' ? [] : [field])].join(', ')
    return `  ${where}: ${message}`
  })
  return `Nothing was imported, for there are problems:\n${lines.join('\n')}`
}
