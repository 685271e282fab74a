/** Loads the module and the weights from bytes, URLs or paths, in browsers, workers and Node. */
import { viewOf } from './check.js';
import { SonomaskError, abortedError, messageOf, throwIfAborted } from './error.js';

/**
 * @typedef {import('./sonomask.js').Source} Source
 * @typedef {'load-wasm' | 'load-weights'} LoadErrorCode
 */

/** A module of one function that uses SIMD; engines without SIMD refuse it. */
const SIMD_PROBE = Uint8Array.of(
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

/** @returns {boolean} whether this engine has WebAssembly SIMD */
export function hasSimd() {
    return WebAssembly.validate(SIMD_PROBE);
}

/** @returns {URL} the package's own module for this engine */
export function defaultWasm() {
    return new URL(hasSimd() ? './sonomask.simd.wasm' : './sonomask.scalar.wasm', import.meta.url);
}

/** @returns {URL} the package's own weights */
export function defaultWeights() {
    return new URL('../weights/sonomask.safetensors', import.meta.url);
}

/** @returns {boolean} */
export function isNode() {
    return typeof process === 'object' && typeof process.versions?.node === 'string';
}

/**
 * @param {Source} source
 * @returns {string} for messages
 */
function nameOf(source) {
    if (source instanceof URL) return source.protocol === 'data:' ? 'data URL' : source.href;
    return typeof source === 'string' ? source : 'the bytes given';
}

/**
 * A string is a URL when it has a scheme of two letters or more ("c:\" is a path), otherwise in Node a path and
 * elsewhere a URL relative to the page.
 * @param {URL | string} source
 * @returns {URL | string} a string is a file path, in Node only
 */
function locate(source) {
    if (source instanceof URL) return source;
    if (/^[a-z][a-z0-9+.-]+:/i.test(source)) return new URL(source);
    if (isNode()) return source;
    return new URL(source, globalThis.document?.baseURI ?? globalThis.location?.href);
}

/**
 * @param {URL | string} location
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function readLocation(location, signal) {
    if (typeof location === 'string' || (location.protocol === 'file:' && isNode())) {
        const { readFile } = await import('node:fs/promises');
        const bytes = await readFile(location, { signal });
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const response = await fetch(location, { signal: signal ?? null });
    if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`.trim());
    return new Uint8Array(await response.arrayBuffer());
}

/**
 * @param {unknown} error
 * @returns {string}
 */
function readFailure(error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return 'no such file';
    if (code === 'EACCES') return 'permission denied';
    if (code === 'EISDIR') return 'is a folder';
    const cause = error instanceof Error && error.cause ? `: ${messageOf(error.cause)}` : '';
    return `${messageOf(error)}${cause}`;
}

/**
 * @param {Uint8Array} bytes
 * @returns {boolean} whether it is an HTML page, which many servers send for a missing file
 */
function looksLikeHtml(bytes) {
    // A copy, because browsers refuse to decode shared memory.
    const start = new TextDecoder('latin1').decode(bytes.slice(0, 256)).trimStart().toLowerCase();
    return start.startsWith('<!doctype') || start.startsWith('<html') || start.startsWith('<?xml');
}

/**
 * @param {Source} source
 * @param {LoadErrorCode} code of the error when it fails
 * @param {string} what for messages, for example "the weights"
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Uint8Array<ArrayBufferLike>>}
 */
async function readSource(source, code, what, signal) {
    throwIfAborted(signal);
    if (source instanceof ArrayBuffer || source instanceof Uint8Array) return viewOf(source);
    if (!(source instanceof URL) && typeof source !== 'string')
        throw new SonomaskError('argument', `${what}: expected a URL, a string, an ArrayBuffer or a Uint8Array`);
    let bytes;
    try {
        bytes = await readLocation(locate(source), signal);
    } catch (error) {
        if (signal?.aborted) throw abortedError(signal);
        throw new SonomaskError(code, `cannot load ${what} from ${nameOf(source)}: ${readFailure(error)}`,
            { cause: error });
    }
    throwIfAborted(signal);
    return bytes;
}

/**
 * @param {Uint8Array} bytes
 * @param {string} name
 * @param {LoadErrorCode} code
 * @param {string} what
 */
function refusePages(bytes, name, code, what) {
    if (bytes.length === 0) throw new SonomaskError(code, `${what} from ${name}: the file is empty`);
    if (looksLikeHtml(bytes))
        throw new SonomaskError(code, `${what} from ${name}: it is an HTML page (is the address right?)`);
}

/**
 * Compiles the module while it loads, which needs the MIME type application/wasm.
 * @param {Source} source
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<WebAssembly.Module | null>} null when that fails; loading it
 *     as bytes then gives the reason
 */
async function compileWhileLoading(source, signal) {
    if (isNode() || !(source instanceof URL || typeof source === 'string')) return null;
    try {
        return await WebAssembly.compileStreaming(fetch(locate(source), { signal: signal ?? null }));
    } catch {
        return null;
    }
}

/**
 * @param {Source | WebAssembly.Module} source
 * @param {AbortSignal} [signal]
 * @returns {Promise<WebAssembly.Module>}
 */
export async function loadModule(source, signal) {
    if (source instanceof WebAssembly.Module) return source;
    const compiled = await compileWhileLoading(source, signal);
    if (compiled) return compiled;
    const bytes = await readSource(source, 'load-wasm', 'the WebAssembly module', signal);
    const what = `the WebAssembly module from ${nameOf(source)}`;
    refusePages(bytes, nameOf(source), 'load-wasm', 'the WebAssembly module');
    if (bytes.length < 8 || bytes[0] !== 0 || bytes[1] !== 0x61 || bytes[2] !== 0x73 || bytes[3] !== 0x6d)
        throw new SonomaskError('load-wasm', `${what}: it is not WebAssembly (wrong magic number)`);
    try {
        return await WebAssembly.compile(bytes.buffer instanceof ArrayBuffer ? /** @type {Uint8Array<ArrayBuffer>} */ (bytes) : new Uint8Array(bytes));
    } catch (error) {
        throw new SonomaskError('load-wasm', `${what}: it does not compile: ${messageOf(error)}`, { cause: error });
    }
}

/**
 * @param {Source} source
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ bytes: Uint8Array<ArrayBufferLike>, name: string }>} the bytes, and their origin for messages
 */
export async function loadWeights(source, signal) {
    const bytes = await readSource(source, 'load-weights', 'the weights', signal);
    refusePages(bytes, nameOf(source), 'load-weights', 'the weights');
    return { bytes, name: nameOf(source) };
}
