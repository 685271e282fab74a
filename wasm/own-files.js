/**
 * Addresses of the package's files. Bundlers find a file only when its name is a literal in `new URL` with `import.meta.url`.
 */
import { SonomaskError } from './error.js';

/** A module of one function that uses SIMD; engines without SIMD refuse it. */
const SIMD_PROBE = Uint8Array.of(
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

/**
 * A module of one function that uses a fused multiply-add, of relaxed SIMD. Chromium has it, and Node since version 21; there
 * a segmentation takes a fifth less time. web/engine/first.js, which cannot import, has the same bytes.
 */
const RELAXED_PROBE = Uint8Array.of(
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0,
    65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11);

/** @returns {boolean} whether this engine has WebAssembly's relaxed SIMD */
export function hasRelaxedSimd() {
    return WebAssembly.validate(RELAXED_PROBE);
}

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
    if (hasRelaxedSimd()) return new URL('./sonomask.relaxed.wasm', import.meta.url);
    return hasSimd()
        ? new URL('./sonomask.simd.wasm', import.meta.url)
        : new URL('./sonomask.scalar.wasm', import.meta.url);
}

/** @returns {URL} the package's own weights */
export function ownWeights() {
    return new URL('../weights/sonomask.safetensors', import.meta.url);
}

/**
 * The development server of Vite 5 to 7 moves packages into a file of its own, away from the files beside them.
 * @param {string} address
 * @returns {string} what to do about it, for messages; empty for other addresses
 */
export function viteHint(address) {
    return address.includes('/.vite/') ? '. In the configuration of Vite, set optimizeDeps: { exclude: [\'sonomask\'] }' : '';
}
