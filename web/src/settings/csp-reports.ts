/** What the browser has refused because of the Content-Security-Policy, since this module was loaded. */
export interface CspReport {
  directive: string
  blocked: string
}

const maxReports = 50
let reports: readonly CspReport[] = []
const listeners = new Set<() => void>()

/** The list as it is now; a new one whenever it grows. */
export const cspReports = (): readonly CspReport[] => reports

/** Listens while someone looks. */
export function onCspReport(listener: () => void): () => void {
  if (listeners.size === 0) document.addEventListener('securitypolicyviolation', hear)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) document.removeEventListener('securitypolicyviolation', hear)
  }
}

function hear({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent): void {
  reports = [...reports, { directive: effectiveDirective, blocked: blockedURI }].slice(-maxReports)
  for (const listener of listeners) listener()
}
