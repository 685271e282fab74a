/**
 * Edge runtimes such as Cloudflare Workers: they compile no WebAssembly at run time, have no files and no workers. Module and
 * weights are given.
 */
import { SonomaskError } from './error.js';

/** @type {import('./platform.js').Platform} */
export const edge = {
    wasm() {
        throw new SonomaskError('load-wasm', 'an edge runtime compiles no WebAssembly: give the option wasm a compiled module, ' +
            'such as: import wasm from \'sonomask/sonomask.simd.wasm\'');
    },
    weights() {
        throw new SonomaskError('load-weights', 'an edge runtime has no files: give the option weights bytes or a URL');
    },
    compiles: false,
    readFile: null,
    async workers() {
        throw new SonomaskError('worker', 'an edge runtime has no workers: use Sonomask');
    },
    async processorCount() {
        return 1;
    },
};
