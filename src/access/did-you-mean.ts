/**
 * The candidate that `word` is most likely a slip of the keyboard for, or undefined when none is near.
 *
 * Near means at most a third of the word's characters wrong (never more than 5), so that a suggestion is a help and not
 * a guess. Cost: length × length per candidate, on the first 64 characters only.
 */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const typed = word.toLowerCase().slice(0, 64)
  let best: string | undefined
  let fewest = Math.min(5, Math.ceil(typed.length / 3)) + 1
  for (const candidate of candidates) {
    const edits = editDistance(typed, candidate.toLowerCase().slice(0, 64))
    if (edits < fewest) {
      best = candidate
      fewest = edits
    }
  }
  return best
}

/** Levenshtein's distance: insertions, deletions and replacements that turn `from` into `to`. */
function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const line = [row]
    for (let column = 1; column <= to.length; column++) {
      const replaced = above[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1)
      line.push(Math.min(replaced, above[column]! + 1, line[column - 1]! + 1))
    }
    above = line
  }
  return above[to.length]!
}
