/** The common interface of still images, DICOM files and videos, and the error that each of them throws. */

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
