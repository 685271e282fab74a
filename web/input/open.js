/**
 * Opens any file with images: a still image, a DICOM file with one or many frames, or a video. The first bytes
 * of the file decide, never its name.
 */
import { isDicom } from '../../wasm/dicom/is-dicom.js';
import { SourceError } from './source.js';
import { openStill } from './still.js';

/**
 * @typedef {import('./source.js').Kind} Kind
 * @typedef {import('./source.js').Source} Source
 * @typedef {import('../engine/engine.js').Engine} Engine
 */

const HEAD_BYTES = 132;

/** @typedef {'tiff' | 'image/webp' | 'image/gif' | 'image/avif'} StillFormat that is not one of the engine's own */

/**
 * @param {Uint8Array} head
 * @param {number} at
 * @param {string} text
 */
function has(head, at, text) {
    return [...text].every((letter, index) => head[at + index] === letter.charCodeAt(0));
}

/** Brands of still images (HEIF, AVIF) in the container of MP4; the image decoder refuses them. */
const STILL_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1', 'avif', 'avis'];

/**
 * @param {Uint8Array} head the first bytes of a file
 * @returns {Kind} 'image' for everything unknown: the image decoder gives the reason when it cannot read it
 */
export function kindOf(head) {
    if (isDicom(head)) return 'dicom';
    if (has(head, 4, 'ftyp')) return STILL_BRANDS.some(brand => has(head, 8, brand)) ? 'image' : 'video';
    if (head[0] === 0x1a && head[1] === 0x45 && head[2] === 0xdf && head[3] === 0xa3) return 'video';
    return 'image';
}

/**
 * @param {Uint8Array} head the first bytes of a still image
 * @returns {StillFormat | null} null: the engine decodes it, or gives the reason why it cannot
 */
export function stillFormatOf(head) {
    if (has(head, 0, 'II*\0') || has(head, 0, 'MM\0*')) return 'tiff';
    if (has(head, 0, 'RIFF') && has(head, 8, 'WEBP')) return 'image/webp';
    if (has(head, 0, 'GIF8')) return 'image/gif';
    if (has(head, 4, 'ftypavi')) return 'image/avif';
    // The main brand may be that of all HEIF files; the further ones name the format.
    if (has(head, 4, 'ftypmif1') && String.fromCharCode(...head.subarray(12, 64)).includes('avif')) return 'image/avif';
    return null;
}

/**
 * @param {Blob} file
 * @returns {Promise<Uint8Array>} its first bytes
 */
export async function headOf(file) {
    try {
        return new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
    } catch (error) {
        throw new SourceError('problem.unreadable', error instanceof Error ? error.message : String(error));
    }
}

/**
 * @param {Blob} file
 * @returns {Promise<Kind>}
 */
export async function kindOfFile(file) {
    return kindOf(await headOf(file));
}

/**
 * @param {Kind} kind
 * @param {Blob} file
 * @param {Uint8Array} head its first bytes
 * @param {Engine} engine
 * @returns {Promise<Source>}
 */
export async function openAs(kind, file, head, engine) {
    if (kind === 'dicom') {
        const { openDicom } = await import('./dicom.js');
        return openDicom(file, engine);
    }
    if (kind === 'video') {
        const { openVideo } = await import('./video.js');
        return openVideo(file);
    }
    const format = stillFormatOf(head);
    if (format === 'tiff') {
        const { openTiff } = await import('./tiff.js');
        return openTiff(file);
    }
    if (format) {
        const { openBrowserStill } = await import('./browser-still.js');
        return openBrowserStill(file, format);
    }
    return openStill(file, engine);
}
