/** For bundlers that do not look for `new URL('...', import.meta.url)`: the addresses of all files. */
import wasm from 'sonomask/sonomask.simd.wasm';
import weights from 'sonomask/sonomask.safetensors';

export const options = { wasm, weights, worker: 'worker.js' };
