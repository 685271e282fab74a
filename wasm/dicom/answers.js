/** The answers about the frames of one image, which its DICOM SEG and SR hold. */
import { outlineNumbers } from './outlines.js';
import { measurementReport } from './report.js';
import { binarySegmentation, fractionalSegmentation } from './segmentation.js';

/**
 * @typedef {import('./derived.js').Made} Made
 * @typedef {import('./derived.js').Maker} Maker
 * @typedef {import('./reference.js').Reference} Reference
 * @typedef {import('./report.js').ReportedFrame} ReportedFrame
 * @typedef {import('./segmentation.js').ProbabilityFrame} ProbabilityFrame
 * @typedef {import('./segmentation.js').SegmentedFrame} SegmentedFrame
 * @typedef {import('./segmentation.js').Written} Written
 * @typedef {import('../sonomask.js').Segmentation} Segmentation
 */

export class Answers {
    #type;
    /** Sizes of the pictures. @type {Set<string>} */
    #sizes = new Set();
    /** @type {SegmentedFrame[]} */
    #frames = [];
    /** @type {ReportedFrame[]} */
    #reported = [];
    /** @type {ProbabilityFrame[]} */
    #maps = [];

    /** @param {'binary' | 'fractional'} type of the SEG */
    constructor(type) {
        this.#type = type;
    }

    /** @returns {boolean} whether no frame was answered */
    get isEmpty() {
        return this.#sizes.size === 0;
    }

    /**
     * @param {number} frame from 0 on
     * @param {Segmentation} result
     * @param {(box: { x: number, y: number, width: number, height: number }) => number | null} scaleOf millimetres per pixel
     */
    add(frame, result, scaleOf) {
        const { mask, width, height, lesions, presence, probabilityMap, refined } = result;
        this.#sizes.add(`${width} × ${height}`);
        if (this.#type === 'fractional') {
            this.#maps.push({ frame, levels: Uint8Array.from(probabilityMap, share => Math.round(255 * share)) });
            return;
        }
        /** @type {import('./segmentation.js').Origin} */
        const origin = refined ? 'corrected' : 'network';
        const measured = lesions.map(lesion => {
            const { type, probabilities } = result.regions[lesion.region] ?? result;
            return { ...lesion, type, probabilities, millimetres: scaleOf(lesion.bbox), origin };
        });
        this.#frames.push({ frame, numbers: outlineNumbers(mask, width, lesions), lesions: lesions.length, edited: refined });
        this.#reported.push({ frame, lesions: measured, presence });
    }

    /**
     * @param {Reference} source
     * @param {Maker} maker
     * @param {boolean} withReport needs the type "binary"
     * @param {Made} [made]
     * @returns {{ seg: Written, sr: Uint8Array<ArrayBuffer> | null }} the report is its file
     * @throws {Error} the pictures have another size than the header says
     */
    objects(source, maker, withReport, made) {
        const size = `${source.width} × ${source.height}`;
        const other = [...this.#sizes].find(each => each !== size);
        if (other) throw new Error(`its picture is ${other} pixels, and its header says ${size}`);
        const seg = this.#type === 'fractional'
            ? fractionalSegmentation(source, this.#maps, maker, made)
            : binarySegmentation(source, this.#frames, maker, made);
        return { seg, sr: withReport ? measurementReport(source, seg, this.#reported, maker, undefined, made) : null };
    }
}
