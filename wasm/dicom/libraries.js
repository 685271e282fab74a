/** The libraries of the reader, each loaded when the first file needs it. */
import { damaged, FileError } from './error.js';

/**
 * @typedef {import('./jpeg2000.js').OpenJpeg} OpenJpeg
 * @typedef {import('./read.js').Libraries} Libraries
 */

/**
 * Keeps the result of the first call. After a failure, the next call tries again.
 * @template T
 * @param {() => Promise<T>} load
 * @returns {{ get: () => Promise<T>, drop: () => void }}
 */
function once(load) {
    /** @type {Promise<T> | null} */
    let loading = null;
    const drop = () => {
        loading = null;
    };
    return {
        get() {
            loading ??= load().catch(error => {
                drop();
                throw error instanceof FileError ? error : new FileError('library', error instanceof Error ? error.message : String(error));
            });
            return loading;
        },
        drop,
    };
}

/**
 * Raw deflate by the runtime itself: browsers and Node from version 20 on.
 * @param {Uint8Array} bytes
 * @param {number} most bytes of the result
 * @returns {Promise<Uint8Array>}
 */
async function inflateByStream(bytes, most) {
    const stream = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    /** @type {Uint8Array[]} */
    const parts = [];
    let length = 0;
    const reader = stream.getReader();
    for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        length += value.length;
        if (length > most) {
            await reader.cancel();
            throw damaged('its deflated data is too long');
        }
        parts.push(value);
    }
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

/**
 * @param {() => Promise<Uint8Array<ArrayBuffer>>} openJpegModule the bytes of vendor/openjpeg.wasm
 * @param {Libraries['inflate']} [inflate]
 * @returns {Libraries}
 */
export function makeLibraries(openJpegModule, inflate = inflateByStream) {
    const parser = once(async () => (await import('../vendor/dicom-parser.js')).default);
    const bytes = once(openJpegModule);
    const openJpeg = once(async () => {
        const { default: create } = await import('../vendor/openjpeg.js');
        const silent = () => {};
        return /** @type {Promise<OpenJpeg>} */ (create({ wasmBinary: await bytes.get(), print: silent, printErr: silent }));
    });
    return { parser: parser.get, inflate, openJpeg: openJpeg.get, dropOpenJpeg: openJpeg.drop };
}
