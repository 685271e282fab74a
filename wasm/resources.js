/** Loads the module and the weights from bytes, URLs or paths. */
import { viewOf } from './check.js';
import { SonomaskError, abortedError, messageOf, policyHint, throwIfAborted } from './error.js';
import { requireWebAssembly, viteHint } from './own-files.js';

/**
 * @typedef {import('./platform.js').Platform} Platform
 * @typedef {import('./sonomask.js').Source} Source
 * @typedef {'load-wasm' | 'load-weights'} LoadErrorCode
 */

/**
 * @param {Source} source
 * @returns {string} for messages
 */
function nameOf(source) {
    if (typeof source !== 'string' && !(source instanceof URL)) return 'the bytes given';
    const name = String(source);
    return name.startsWith('data:') ? 'a data URL' : name;
}

/**
 * A string is a URL when it has a scheme of two letters or more ("c:\" is a path), otherwise a path where there are files,
 * and elsewhere a URL relative to the page.
 * @param {URL | string} source
 * @param {Platform} platform
 * @returns {URL | string} a string is a file path
 */
function locate(source, { readFile }) {
    if (source instanceof URL) return source;
    if (/^[a-z][a-z0-9+.-]+:/i.test(source)) return new URL(source);
    if (readFile) return source;
    return new URL(source, globalThis.document?.baseURI ?? globalThis.location?.href);
}

/**
 * Decodes a data URL, which some bundlers make of a file. Without fetch, which a content security policy may forbid.
 * @param {URL} address
 * @returns {Uint8Array<ArrayBuffer>}
 */
function bytesOfDataUrl({ href }) {
    const comma = href.indexOf(',');
    if (comma < 0) throw new Error('the data URL has no data');
    const content = href.slice(comma + 1).replaceAll(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
    const text = /;base64$/i.test(href.slice(0, comma)) ? atob(content) : content;
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/**
 * @param {URL | string} location
 * @param {Platform} platform
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function readLocation(location, { readFile }, signal) {
    if (readFile && (typeof location === 'string' || location.protocol === 'file:')) return readFile(location, signal);
    if (location instanceof URL && location.protocol === 'data:') return bytesOfDataUrl(location);
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
 * @param {Platform} platform
 * @param {LoadErrorCode} code of the error when it fails
 * @param {string} what for messages, for example "the weights"
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Uint8Array<ArrayBufferLike>>}
 */
async function readSource(source, platform, code, what, signal) {
    throwIfAborted(signal);
    if (source instanceof ArrayBuffer || source instanceof Uint8Array) return viewOf(source);
    if (!(source instanceof URL) && typeof source !== 'string')
        throw new SonomaskError('argument', `${what}: expected a URL, a string, an ArrayBuffer or a Uint8Array`);
    let bytes;
    try {
        bytes = await readLocation(locate(source, platform), platform, signal);
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
        throw new SonomaskError(code, `${what} from ${name}: it is an HTML page (is the address right?)${viteHint(name)}`);
}

/**
 * Compiles the module while it loads, which needs the MIME type application/wasm.
 * @param {Source} source
 * @param {Platform} platform
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<WebAssembly.Module | null>} null when that fails; loading it
 *     as bytes then gives the reason
 */
async function compileWhileLoading(source, platform, signal) {
    if (platform.readFile || !(source instanceof URL || typeof source === 'string')) return null;
    const location = /** @type {URL} */ (locate(source, platform));
    if (location.protocol === 'data:') return null;
    try {
        return await WebAssembly.compileStreaming(fetch(location, { signal: signal ?? null }));
    } catch {
        return null;
    }
}

/**
 * @param {Source | WebAssembly.Module} source
 * @param {Platform} platform
 * @param {AbortSignal} [signal]
 * @returns {Promise<WebAssembly.Module>}
 */
export async function loadModule(source, platform, signal) {
    requireWebAssembly();
    if (source instanceof WebAssembly.Module) return source;
    if (!platform.compiles)
        throw new SonomaskError('load-wasm', `the WebAssembly module from ${nameOf(source)}: this runtime does not compile it: ` +
            'give the option wasm a WebAssembly.Module');
    const compiled = await compileWhileLoading(source, platform, signal);
    if (compiled) return compiled;
    const bytes = await readSource(source, platform, 'load-wasm', 'the WebAssembly module', signal);
    const what = `the WebAssembly module from ${nameOf(source)}`;
    refusePages(bytes, nameOf(source), 'load-wasm', 'the WebAssembly module');
    if (bytes.length < 8 || bytes[0] !== 0 || bytes[1] !== 0x61 || bytes[2] !== 0x73 || bytes[3] !== 0x6d)
        throw new SonomaskError('load-wasm', `${what}: it is not WebAssembly (wrong magic number)`);
    try {
        return await WebAssembly.compile(bytes.buffer instanceof ArrayBuffer ? /** @type {Uint8Array<ArrayBuffer>} */ (bytes) : new Uint8Array(bytes));
    } catch (error) {
        throw new SonomaskError('load-wasm', `${what}: it does not compile: ${messageOf(error)}${policyHint(messageOf(error))}`, { cause: error });
    }
}

/**
 * @param {Source} source
 * @param {Platform} platform
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ bytes: Uint8Array<ArrayBufferLike>, name: string }>} the bytes, and their origin for messages
 */
export async function loadWeights(source, platform, signal) {
    const bytes = await readSource(source, platform, 'load-weights', 'the weights', signal);
    refusePages(bytes, nameOf(source), 'load-weights', 'the weights');
    return { bytes, name: nameOf(source) };
}
