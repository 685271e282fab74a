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

/** What a DICOM file says of a part of its image. @typedef {import('../../wasm/dicom/regions.js').Region} Region */

/**
 * @typedef {object} Source
 * @property {Kind} kind
 * @property {number} frameCount
 * @property {number} framesPerSecond of a cine loop; 0 for a single picture
 * @property {Scale[]} scales from the file
 * @property {Region[]} areas the ultrasound regions of a DICOM file, pictures and curves; empty when it marks none
 * @property {Box[]} [pictures] those of the areas that are pictures, without overlap; left out: none
 * @property {(frame: number) => Promise<EncodedImage | RawImage>} input the input of the network
 * @property {(frame: number) => Promise<ImageBitmap>} picture the picture for the viewer; the caller closes it
 * @property {(frame: number, onFrame: (frame: number) => void) => () => void} [play] plays from a frame on and calls
 *     back with each frame that is shown; the returned function stops it
 * @property {() => void} close
 */

/** A file that cannot be opened as images; `problem` is a text of the language files. */
export class SourceError extends Error {
    /** @override */
    name = 'SourceError';

    /**
     * @param {Key} key
     * @param {string} [detail]
     */
    constructor(key, detail = '') {
        super(detail || key);
        this.problem = { key, detail };
    }
}
