/**
 * Resources inside the single-file build. The served page fetches them from its server, so here they are null; the build
 * replaces this module.
 * @type {{
 *     wasm: Uint8Array<ArrayBuffer>,
 *     weights: Uint8Array<ArrayBuffer>,
 *     sha256: string,
 *     worker: string,
 *     compareWorker: string,
 *     decoder: string,
 *     openjpeg: Uint8Array<ArrayBuffer>,
 *     card: string,
 *     samples: Record<string, Uint8Array<ArrayBuffer>>,
 * } | null}
 */
export const inlined = null;
