/**
 * The worker that decodes DICOM and TIFF files: off the main thread, and ended by the page when it takes too long. Each
 * request is answered by one message.
 */
import { readDirectory } from '../../wasm/dicom/directory.js';
import { FileError } from '../../wasm/dicom/error.js';
import { makeLibraries } from '../../wasm/dicom/libraries.js';
import { readDerived } from '../../wasm/dicom/read-derived.js';
import { readDicom } from '../../wasm/dicom/read.js';
import { readReference } from '../../wasm/dicom/reference.js';
import { readTiff } from '../../wasm/dicom/tiff.js';

/**
 * @typedef {import('../../wasm/dicom/read.js').DicomFile} DicomFile
 * @typedef {import('../../wasm/dicom/tiff.js').TiffFile} TiffFile
 */

/**
 * @typedef {object} Request
 * @property {number} source number of the file
 * @property {'dicom' | 'tiff' | 'directory' | 'derived' | 'reference' | 'reference-with-person'} kind 'derived': a SEG or SR;
 *     'reference': what such a file says of its image, which is this file
 * @property {Blob} file
 * @property {number | null} frame null: what the file says of itself
 */

const scope = /** @type {Worker} */ (/** @type {unknown} */ (globalThis));

/** The module of OpenJPEG inside the single-file build; other pages fetch it. @type {Uint8Array<ArrayBuffer> | null} */
let inlinedModule = null;

async function openJpegModule() {
    if (inlinedModule) return inlinedModule;
    const response = await fetch(new URL('../../wasm/vendor/openjpeg.wasm', import.meta.url));
    if (!response.ok) throw new Error(`openjpeg.wasm: HTTP ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
}

const libraries = makeLibraries(openJpegModule);
/** Open files by number. @type {Map<number, Promise<DicomFile | TiffFile>>} */
const files = new Map();

/**
 * @param {Blob} file
 * @returns {Promise<Uint8Array>}
 */
async function bytesOf(file) {
    try {
        return new Uint8Array(await file.arrayBuffer());
    } catch (error) {
        throw new FileError('unreadable', error instanceof Error ? error.message : String(error));
    }
}

/**
 * @param {Request} request
 * @returns {Promise<DicomFile | TiffFile>}
 */
function open({ source, kind, file }) {
    const held = files.get(source);
    if (held) return held;
    const read = async () => {
        const bytes = await bytesOf(file);
        return kind === 'dicom' ? readDicom(bytes, libraries) : readTiff(bytes);
    };
    const opening = read();
    files.set(source, opening);
    opening.catch(() => files.delete(source));
    return opening;
}

/**
 * @param {Request} request
 * @returns {Promise<{ result: unknown, transfer: ArrayBuffer[] }>}
 */
async function answer(request) {
    if (request.kind === 'directory') return { result: await readDirectory(await bytesOf(request.file), libraries), transfer: [] };
    if (request.kind === 'derived') return { result: await readDerived(await bytesOf(request.file), libraries), transfer: [] };
    if (request.kind !== 'dicom' && request.kind !== 'tiff')
        return { result: await readReference(await bytesOf(request.file), libraries, request.kind === 'reference-with-person'), transfer: [] };
    const opened = await open(request);
    if (request.frame === null) {
        const { frame: _, ...facts } = opened;
        return { result: facts, transfer: [] };
    }
    const decoded = await opened.frame(request.frame);
    if ('encoded' in decoded) return { result: { encoded: decoded.encoded.slice() }, transfer: [] };
    return { result: decoded, transfer: [/** @type {ArrayBuffer} */ (decoded.data.buffer)] };
}

scope.addEventListener('message', async ({ data }) => {
    if (data.module) {
        inlinedModule = data.module;
        return;
    }
    if (data.close) {
        files.delete(data.close);
        return;
    }
    try {
        const { result, transfer } = await answer(data);
        scope.postMessage({ result }, transfer);
    } catch (error) {
        const { reason = 'unknown', detail = error instanceof Error ? error.message : String(error) } =
            error instanceof FileError ? error : {};
        scope.postMessage({ error: { reason, detail } });
    }
});
