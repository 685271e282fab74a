/**
 * Addresses of the package's files. Bundlers find a file only when its name is a literal in `new URL` with `import.meta.url`.
 */
import { SonomaskError } from './error.js';

/** A module of one function that uses SIMD; engines without SIMD refuse it. */
const SIMD_PROBE = Uint8Array.of(
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

/** @returns {boolean} whether this engine has WebAssembly SIMD */
export function hasSimd() {
    return WebAssembly.validate(SIMD_PROBE);
}

/** Throws `load-wasm` where there is no WebAssembly, for example in the lockdown mode of iOS. */
export function requireWebAssembly() {
    if (typeof WebAssembly !== 'object')
        throw new SonomaskError('load-wasm', 'this browser has no WebAssembly, or it is turned off');
}

/** @returns {URL} the package's own module for this engine */
export function ownWasm() {
    requireWebAssembly();
    return hasSimd()
        ? new URL('./sonomask.simd.wasm', import.meta.url)
        : new URL('./sonomask.scalar.wasm', import.meta.url);
}

/** @returns {URL} the package's own weights */
export function ownWeights() {
    return new URL('../weights/sonomask.safetensors', import.meta.url);
}
