/** The statuses a flow can have, as its filter offers them. */
export const flowStatusWords = ['live', 'draft', 'paused'] as const
export type FlowStatusWord = (typeof flowStatusWords)[number]
