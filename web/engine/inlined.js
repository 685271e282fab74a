/**
 * What the single-file build carries inside itself, where the served page asks its server. The build puts another
 * module in this one's place.
 * @type {{
 *     wasm: Uint8Array<ArrayBuffer>,
 *     weights: Uint8Array<ArrayBuffer>,
 *     sha256: string,
 *     worker: string,
 *     card: string,
 *     samples: Record<string, Uint8Array<ArrayBuffer>>,
 * } | null}
 */
export const inlined = null;
