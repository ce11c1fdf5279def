/** What file systems take (NAME_MAX of Linux, 255 characters elsewhere). */
const maxFileNameBytes = 255
const maxExtensionBytes = 20

/** Control characters, and the marks that turn the direction of writing: `cod.exe` can be made to look like `exe.doc`. */
const hiddenCharacters = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu

/**
 * The base name of a file that a sender named, for showing and for naming a download; never to be used as a path on its own.
 *
 * Directories of either style go (`../../etc/passwd`, `C:\temp\a.txt`), hidden characters go, and what is longer than 255
 * bytes loses the end of its stem but keeps its extension. The result may be empty, as browsers send it for an empty file input.
 */
export function safeFileName(name: string): string {
  const visible = name.replace(hiddenCharacters, '')
  const base = visible.slice(Math.max(visible.lastIndexOf('/'), visible.lastIndexOf('\\')) + 1)
  if (base === '.' || base === '..') return ''
  if (Buffer.byteLength(base) <= maxFileNameBytes) return base

  const dot = base.lastIndexOf('.')
  const extension = dot > 0 && Buffer.byteLength(base.slice(dot)) <= maxExtensionBytes ? base.slice(dot) : ''
  return firstBytes(base, maxFileNameBytes - Buffer.byteLength(extension)) + extension
}

/** As many whole characters of `text` as fit into `maxBytes` of UTF-8. */
function firstBytes(text: string, maxBytes: number): string {
  let end = 0
  let bytes = 0
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxBytes) break
    end += character.length
  }
  return text.slice(0, end)
}
