/** What a person wrote about one name: name, one sentence, an example, and what the example renders. */
export type ReferenceRow = readonly [name: string, doc: string, example: string, result: string]
