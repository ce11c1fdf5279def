export declare function buildIfNeeded(): boolean
