import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, open, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

/** A small file system of the test's own: it can be filled, or lose its power. Needs root. */
export interface FileSystem {
  /** Where it is mounted. */
  directory: string
  /** Takes all space that is left; `free` gives it back. */
  fill(): Promise<void>
  free(): Promise<void>
  /**
   * What was not flushed to the disk is gone from now on, and everything fails until `restore`: as `xfs_io shutdown`
   * says, without even the journal. Not of a tmpfs, which is gone without power.
   */
  cutPower(): Promise<void>
  /** Mounts it again, as after a boot. Nothing may use it. */
  restore(): Promise<void>
}

export type FileSystemKind = 'tmpfs' | 'ext4' | 'xfs'

const unmountedWithinMs = 60_000

const run = promisify(execFile)
const environment = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }

/** XFS wants at least 300 MB. Nothing is left of it afterwards. */
export async function withFileSystem<Result>(
  kind: FileSystemKind,
  megabytes: number,
  work: (fileSystem: FileSystem) => Promise<Result>,
): Promise<Result> {
  const base = await mkdtemp(join(tmpdir(), 'hookline-disk-'))
  await chmod(base, 0o711)
  const directory = join(base, 'mounted')
  const image = join(base, 'image')
  const ballast = join(directory, 'ballast')
  await mkdir(directory)
  if (kind !== 'tmpfs') {
    const file = await open(image, 'w')
    await file.truncate(megabytes * 1024 * 1024)
    await file.close()
    await run(`mkfs.${kind}`, ['-q', ...(kind === 'ext4' ? ['-F'] : []), image], { env: environment })
  }
  const mount =
    kind === 'tmpfs'
      ? ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=711`, 'tmpfs', directory]
      : ['-t', kind, '-o', 'loop', image, directory]
  await run('mount', mount)
  await chmod(directory, 0o711)
  try {
    return await work({
      directory,
      async fill() {
        for (let at = 0; ; at++) {
          const { bavail, bsize } = await statfs(directory)
          if (bavail === 0) return
          const bytes = Math.min(bavail * bsize, 64 * 1024 * 1024)
          // Others write meanwhile and may be faster.
          await writeFile(`${ballast}.${at}`, Buffer.alloc(bytes)).catch((error: NodeJS.ErrnoException) => {
            if (error.code !== 'ENOSPC') throw error
          })
        }
      },
      async free() {
        await run('sh', ['-c', 'rm -f "$0".*', ballast])
      },
      async cutPower() {
        await run('xfs_io', ['-x', '-c', 'shutdown', directory], { env: environment })
      },
      async restore() {
        await unmount(directory)
        await run('mount', mount)
      },
    })
  } finally {
    await unmount(directory)
    await rm(base, { recursive: true, force: true })
  }
}

/** What has been told to stop may need a while on a busy machine. */
async function unmount(directory: string): Promise<void> {
  const deadline = performance.now() + unmountedWithinMs
  for (;;) {
    try {
      await run('umount', [directory])
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await pause(200)
    }
  }
}
