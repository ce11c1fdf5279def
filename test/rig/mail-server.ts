import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after } from 'node:test'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  from: string
  to: string[]
  subject: string
  text: string
}

/** A mail server that keeps what it is sent. */
export interface MailServer {
  /** For HOOKLINE_SMTP_URL, with the user and password it wants. */
  url: string
  received: ReceivedMail[]
  /** Answers every mail with a passing refusal while true. */
  refuses: boolean
  /** Attempts to hand it a mail, taken or not. */
  attempts: number
  /** Resolves as soon as the condition holds; it is looked at after every attempt. */
  until(condition: () => boolean): Promise<void>
}

export async function startMailServer(): Promise<MailServer> {
  const waiting = new Set<() => void>()
  const mails: MailServer = {
    url: '',
    received: [],
    refuses: false,
    attempts: 0,
    until: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      username === 'hookline' && password === 'p@ss word'
        ? done(null, { user: username })
        : done(new Error('wrong user or password')),
    async onData(stream, { envelope }, done) {
      const raw = await text(stream)
      mails.attempts += 1
      if (mails.refuses) {
        done(Object.assign(new Error('try again later'), { responseCode: 451 }))
      } else {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        mails.received.push({ from, to: envelope.rcptTo.map(({ address }) => address), ...readMail(raw) })
        done()
      }
      for (const look of [...waiting]) look()
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  mails.url = `smtp://hookline:p%40ss%20word@127.0.0.1:${(server.server.address() as AddressInfo).port}`
  after(() => new Promise<void>((resolve) => server.close(resolve)))
  return mails
}

/** Of a mail in one part: its subject, folded or not, and its text, in any of the encodings that ASCII comes in. */
function readMail(raw: string): { subject: string; text: string } {
  const [head = '', ...rest] = raw.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  const subject = /^Subject: (.*(?:\r\n[ \t].*)*)/im.exec(head)?.[1]?.replaceAll(/\r\n[ \t]/g, ' ') ?? ''
  const isQuoted = /^Content-Transfer-Encoding: quoted-printable/im.test(head)
  const unquoted = body
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return { subject, text: isQuoted ? unquoted : body }
}
