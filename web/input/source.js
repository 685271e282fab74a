/**
 * Any file that holds pictures, behind one face: a still image, a DICOM file with one or many frames, or a video. The
 * kind is told by the file's first bytes, never by its name.
 */
import { openStill } from './still.js';

/**
 * @typedef {import('../../wasm/sonomask.js').EncodedImage} EncodedImage
 * @typedef {import('../../wasm/sonomask.js').RawImage} RawImage
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../i18n/i18n.js').Key} Key
 * @typedef {import('../state/item.js').Scale} Scale
 */

/** @typedef {'image' | 'dicom' | 'video'} Kind */

/** @typedef {{ x: number, y: number, width: number, height: number }} Box pixels */

/**
 * @typedef {object} Source
 * @property {Kind} kind
 * @property {number} frameCount
 * @property {number} framesPerSecond of a cine loop; 0 for a single picture
 * @property {Scale[]} scales what the file itself says
 * @property {Box[]} areas where the file says that there is a scan; empty when it does not say
 * @property {(frame: number) => Promise<EncodedImage | RawImage>} input what the engine gets
 * @property {(frame: number) => Promise<ImageBitmap>} picture what the viewer shows; the caller closes it
 * @property {(frame: number, onFrame: (frame: number) => void) => () => void} [play] plays by itself from a frame on and
 *     tells each frame that is there; what it returns stops it
 * @property {() => void} close
 */

/** A file that holds no picture for us; `problem` is a sentence of the language files. */
export class SourceError extends Error {
    /**
     * @param {Key} key
     * @param {string} [detail]
     */
    constructor(key, detail = '') {
        super(detail || key);
        this.problem = { key, detail };
    }
}

const HEAD_BYTES = 132;

/**
 * @param {Uint8Array} head
 * @param {number} at
 * @param {string} text
 */
function has(head, at, text) {
    return [...text].every((letter, index) => head[at + index] === letter.charCodeAt(0));
}

/** What begins like a video but is a still picture (HEIF, AVIF), which the image decoder refuses by name. */
const STILL_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1', 'avif', 'avis'];

/**
 * @param {Uint8Array} head the first bytes of a file
 * @returns {Kind} everything unknown is left to the image decoder, which says what is wrong with it
 */
export function kindOf(head) {
    if (has(head, 128, 'DICM')) return 'dicom';
    if (has(head, 4, 'ftyp')) return STILL_BRANDS.some(brand => has(head, 8, brand)) ? 'image' : 'video';
    if (head[0] === 0x1a && head[1] === 0x45 && head[2] === 0xdf && head[3] === 0xa3) return 'video';
    return 'image';
}

/**
 * @param {Blob} file
 * @returns {Promise<Kind>}
 */
export async function kindOfFile(file) {
    try {
        return kindOf(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
    } catch (error) {
        throw new SourceError('problem.unreadable', error instanceof Error ? error.message : String(error));
    }
}

/**
 * @param {Kind} kind
 * @param {Blob} file
 * @param {Engine} engine
 * @returns {Promise<Source>}
 */
export async function openAs(kind, file, engine) {
    if (kind === 'dicom') {
        const { openDicom } = await import('./dicom.js');
        return openDicom(file, engine);
    }
    if (kind === 'video') {
        const { openVideo } = await import('./video.js');
        return openVideo(file);
    }
    return openStill(file, engine);
}
