import { Command, InvalidArgumentError, Option } from 'commander'
import { normaliseScope, type Scope, scopes } from '../access/scopes.ts'
import { roles } from '../storage/users.ts'
import { createAdmin } from './admin.ts'
import { backup, restore } from './backup.ts'
import { doctor } from './doctor.ts'
import { reportingErrors } from './failure.ts'
import { applyRegistrations, planRegistrations } from './registrations.ts'
import { start } from './start.ts'
import { createToken } from './token.ts'
import { exportToFile, importFromFile } from './transfer.ts'

/**
 * The command line. What a command answers goes to standard output, everything said about it to standard error, so that
 * scripts can take the answer as it is.
 */
export function createProgram(version: string): Command {
  const program = new Command('hookline')
    .description('An embedded integration platform: a webhook arrives, a flow runs, the sender gets its answer.')
    .version(version)
    .helpCommand(true)
    .showHelpAfterError('(hookline --help lists the commands)')
    .addHelpText(
      'after',
      '\nSettings are environment variables; hookline doctor checks them. See docs/reference/settings.md.',
    )

  program
    .command('start')
    .description('start the server, the workers and the web interface in this process')
    .action(reportingErrors(start))

  program
    .command('doctor')
    .description('check settings, data directory, database and addresses, and say what to do about what is wrong')
    .action(reportingErrors(doctor))

  const token = program.command('token').description('personal access tokens')
  token
    .command('create')
    .description('make a token that acts with the rights of an admin within its scopes, and print it and nothing else')
    .addOption(
      new Option('--scope <scope>', 'what the token may do; can be given several times')
        .argParser(collectScope)
        .makeOptionMandatory(),
    )
    .option('--note <text>', 'what the token is for, as lists show it', readNote, '')
    .option('--expires-days <days>', 'days until it ends; without this it does not', readDays)
    .addHelpText('after', `\nScopes: ${scopes.join(', ')}`)
    .action(reportingErrors(createToken))

  const admin = program.command('admin').description('users who may sign in to the web interface')
  admin
    .command('create')
    .description('make a user who can sign in; the password is asked for, or read from standard input')
    .requiredOption('--email <address>', 'what the user signs in with')
    .option('--name <name>', 'as others see it', '')
    .addOption(new Option('--role <role>', 'what the user may do').choices(roles).default('admin'))
    .option('--password-stdin', 'read the password from standard input', false)
    .action(reportingErrors(createAdmin))

  program
    .command('export')
    .description('write flows as one JSON document, with the own connectors and the env variables they use')
    .addOption(
      new Option('--flow <id>', 'a flow; can be given several times').argParser(
        (id: string, former: string[] | undefined) => [...(former ?? []), id],
      ),
    )
    .option('--all', 'every flow, own connector and env variable, as without --flow', false)
    .option('-o, --output <file>', 'where to, in place of standard output')
    .addHelpText('after', '\nCredentials and tokens are not in it. The values of env variables are.')
    .action(reportingErrors(exportToFile))

  program
    .command('import')
    .argument('<file>', 'what export has written; - is standard input')
    .description('create and update what a document holds: all of it, or nothing if there is a problem')
    .option('--dry-run', 'show what would be done, and change nothing', false)
    .addHelpText(
      'after',
      `\nFlows are found by id, else by name. A step whose connector auth is not here keeps the one it has here.
A new flow gets the status it was exported with, or waits as a draft if something is missing; others keep theirs.`,
    )
    .action(reportingErrors(importFromFile))

  program
    .command('backup')
    .argument('<file-or-directory>', 'where to; in a directory the file is named after the time')
    .description('write everything in the database to one file, while the server runs or not, and print its path')
    .addHelpText(
      'after',
      '\nThe secret key is not in the backup and is needed to restore it: keep a copy of it in another place.',
    )
    .action(reportingErrors(backup))

  program
    .command('restore')
    .argument('<file>', 'what backup has written')
    .description('bring an empty data directory or database to what a backup says')
    .addHelpText(
      'after',
      '\nHOOKLINE_DATA_DIR or HOOKLINE_DATABASE_URL names what is restored into. The secret key must be that of the backup.',
    )
    .action(reportingErrors(restore))

  const registrations = program
    .command('registrations')
    .description('webhooks at vendors, after HOOKLINE_PUBLIC_URL was changed')
  registrations
    .command('plan')
    .description('list the webhooks that were made under another address, and change nothing')
    .action(reportingErrors(planRegistrations))
  registrations
    .command('apply')
    .description('move them to the address of now; can be broken off and begun again')
    .action(reportingErrors(applyRegistrations))
  return program
}

function collectScope(text: string, former: Scope[] | undefined): Scope[] {
  const scope = normaliseScope(text)
  if (scope === undefined) throw new InvalidArgumentError(`There are ${scopes.join(', ')}.`)
  return [...(former ?? []), scope]
}

function readDays(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1 to 9999.')
  return Number(text)
}

function readNote(text: string): string {
  if ([...text].length > 255) throw new InvalidArgumentError('It has at most 255 characters.')
  return text
}
