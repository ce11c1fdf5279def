import { stderr, stdin } from 'node:process'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text as readAll } from 'node:stream/consumers'
import { z } from 'zod'
import { checkNewPassword, createPasswords } from '../access/passwords.ts'
import type { Role } from '../storage/users.ts'
import { CommandError } from './failure.ts'
import { withStorage } from './open.ts'

interface AdminOptions {
  email: string
  name: string
  role: Role
  passwordStdin: boolean
}

/** `admin create`: makes a user who can sign in, and prints the id. */
export async function createAdmin({ email, name, role, passwordStdin }: AdminOptions): Promise<void> {
  if (!z.email().max(254).safeParse(email).success) throw new CommandError(`${email} is not an email address`)
  const password = passwordStdin ? (await readAll(stdin)).replace(/\r?\n$/, '') : await askPassword()
  checkNewPassword(password)
  const passwordHash = await createPasswords().hash(password)
  const user = await withStorage(async ({ accounts, users }) => {
    const { id: accountId } = await accounts.ensureFirst()
    return users.create(accountId, { email, name, role, passwordHash })
  })
  console.log(user.id)
}

/** Asks at the terminal, on standard error because standard output is for the id, without showing what is typed. */
async function askPassword(): Promise<string> {
  if (!stdin.isTTY) throw new CommandError('standard input is no terminal: use --password-stdin')
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: stdin, output: silent, terminal: true })
  try {
    stderr.write('Password: ')
    const password = await terminal.question('')
    stderr.write('\nOnce more: ')
    const again = await terminal.question('')
    stderr.write('\n')
    if (password !== again) throw new CommandError('the two passwords differ')
    return password
  } finally {
    terminal.close()
  }
}
