/** What one body may cost. Beyond `maxBytes` the answer is 413, beyond any other limit 400. */
export interface BodyLimits {
  /** Bytes of the body, as sent and again once decompressed. */
  maxBytes: number
  /** Nesting of the value a JSON or XML body turns into. More than 256 is never safe: see `maxJsonDepth`. */
  maxDepth: number
  /** Values in a JSON body; in an XML body elements, and as many attributes. */
  maxNodes: number
  /** Attributes of one XML element. */
  maxAttributes: number
  /** `&`-separated pairs of a form. */
  maxFields: number
  /** Parts of a multipart body, files included. */
  maxParts: number
  /** Files of a multipart body. */
  maxFiles: number
  /** Name of a form field, in bytes of UTF-8. */
  maxFieldNameBytes: number
}

export const defaultBodyLimits: BodyLimits = {
  maxBytes: 10 * 1024 * 1024,
  maxDepth: 128,
  maxNodes: 500_000,
  maxAttributes: 1_000,
  maxFields: 1_000,
  maxParts: 200,
  maxFiles: 20,
  maxFieldNameBytes: 256,
}
