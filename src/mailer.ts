import { createTransport } from 'nodemailer'

/** How mail is sent: an SMTP server, and who it comes from. */
export interface MailSettings {
  /** `smtp://user:password@host:587`, or `smtps://` where TLS comes before anything else. */
  smtpUrl: string
  /** An address, or `Name <address>`. */
  from: string
}

export interface Mail {
  to: readonly string[]
  subject: string
  text: string
}

/** The one way out for mail, as outbound.ts is for HTTP. The server is the operator's choice, so any address may be its. */
export interface Mailer {
  /** Resolves when the server has taken it for at least one recipient, with those it refused. Errors: the server's words. */
  send(mail: Mail): Promise<{ refused: string[] }>
  /** Connects, and logs in where there is a password; sends nothing. Errors: what went wrong, in words. */
  check(): Promise<void>
}

/** A mail takes seconds at most; a server that is slower is down. */
const connectionTimeoutMs = 10_000
const socketTimeoutMs = 20_000

/**
 * Sends mail over SMTP. With `smtp:` the connection is upgraded to TLS where the server can; a password is sent to
 * another machine only if it was.
 */
export function createMailer({ smtpUrl, from }: MailSettings): Mailer {
  const url = new URL(smtpUrl)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'smtps:'
  const user = decodeURIComponent(url.username)
  const transport = createTransport({
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: user !== '' && !secure && !/^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host),
    ...(user !== '' && { auth: { user, pass: decodeURIComponent(url.password) } }),
    connectionTimeout: connectionTimeoutMs,
    greetingTimeout: connectionTimeoutMs,
    dnsTimeout: connectionTimeoutMs,
    socketTimeout: socketTimeoutMs,
    // A mail is text that we have: nothing in it may name a file or an address to be read.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async send({ to, subject, text }) {
      const { rejected } = await transport.sendMail({
        from,
        to: [...to],
        subject,
        text,
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
      return { refused: rejected }
    },
    async check() {
      await transport.verify()
    },
  }
}
