import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { canLimitMemory } from './memory.ts'

/** The 64-bit library of the package `faketime`, in Debian and Ubuntu. */
export const faketimeLibrary = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'

/** Enough for a process with 10,000 connections. */
const filesWanted = 12_000

/** Node raises the limit on open files to what it may be by itself. */
function mostFiles(): number {
  const limits = process.platform === 'linux' ? readFileSync('/proc/self/limits', 'utf8') : ''
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1]
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard ?? 0)
}

/** What a test may need of the machine, each with how to find out and what is missing otherwise. */
const needs = {
  linux: { isMet: () => process.platform === 'linux', missing: 'Linux' },
  root: { isMet: () => process.getuid?.() === 0, missing: 'the rights of root' },
  strace: { isMet: () => hasProgram('strace'), missing: 'strace' },
  loop: {
    isMet: () => existsSync('/dev/loop-control') && hasProgram('losetup') && hasProgram('mkfs.ext4'),
    missing: 'loop devices and mkfs.ext4',
  },
  xfs: { isMet: () => hasProgram('xfs_io') && hasProgram('mkfs.xfs'), missing: 'xfs_io and mkfs.xfs (xfsprogs)' },
  netns: { isMet: () => existsSync('/proc/self/ns/net') && hasProgram('ip'), missing: 'network namespaces and ip' },
  memory: { isMet: canLimitMemory, missing: 'a memory cgroup that this process may make groups in' },
  files: { isMet: () => mostFiles() >= filesWanted, missing: `${filesWanted} open files a process (ulimit -Hn)` },
  faketime: { isMet: () => existsSync(faketimeLibrary), missing: `libfaketime (${faketimeLibrary})` },
} as const

export type Need = keyof typeof needs

/** What this machine lacks of them; undefined when it lacks nothing. */
export function unmet(wanted: readonly Need[]): string | undefined {
  const missing = wanted.filter((need) => !needs[need].isMet()).map((need) => needs[need].missing)
  return missing.length === 0 ? undefined : `needs ${missing.join(' and ')}`
}

function hasProgram(name: string): boolean {
  const places = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin']
  return places.some((place) => isExecutable(join(place, name)))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
