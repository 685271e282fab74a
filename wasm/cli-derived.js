/** The DICOM objects of one file, SEG and SR, which hold the answers about all of its frames. */
import { outlineNumbers } from './dicom/outlines.js';
import { measurementReport } from './dicom/report.js';
import { binarySegmentation, fractionalSegmentation } from './dicom/segmentation.js';
import { checkReplaceable, writeOutput } from './cli-output.js';
import { naming } from './cli-reasons.js';

/**
 * @typedef {import('./dicom/derived.js').Maker} Maker
 * @typedef {import('./dicom/report.js').ReportedFrame} ReportedFrame
 * @typedef {import('./dicom/segmentation.js').ProbabilityFrame} ProbabilityFrame
 * @typedef {import('./dicom/segmentation.js').SegmentedFrame} SegmentedFrame
 * @typedef {import('./sonomask.js').Segmentation} Segmentation
 */

export class Derived {
    #options;
    #maker;
    #files;
    /** Sizes of the pictures. @type {Set<string>} */
    #sizes = new Set();
    /** @type {SegmentedFrame[]} */
    #frames = [];
    /** @type {ReportedFrame[]} */
    #reported = [];
    /** @type {ProbabilityFrame[]} */
    #maps = [];

    /**
     * @param {string} start of the names of its files, with their folder
     * @param {NonNullable<import('./cli-options.js').Request['derived']>} options
     * @param {Maker} maker
     */
    constructor(start, options, maker) {
        this.#options = options;
        this.#maker = maker;
        this.#files = { seg: `${start}_seg.dcm`, sr: `${start}_sr.dcm` };
    }

    /**
     * @param {Map<string, string>} writers by output file: the image that it is of
     * @param {boolean} overwrite
     */
    async check(writers, overwrite) {
        const { seg, sr } = this.#files;
        const other = writers.get(seg);
        if (other !== undefined) throw new Error(`its DICOM SEG would overwrite that of ${other}, which has the same name`);
        for (const file of this.#options.report ? [seg, sr] : [seg]) await naming(file, checkReplaceable(file, overwrite));
    }

    /**
     * @param {number} frame from 0 on
     * @param {Segmentation} result
     * @param {(box: { x: number, y: number, width: number, height: number }) => number | null} scaleOf millimetres per pixel
     */
    add(frame, result, scaleOf) {
        const { mask, width, height, lesions, presence, probabilityMap, refined } = result;
        this.#sizes.add(`${width} × ${height}`);
        if (this.#options.type === 'fractional') {
            this.#maps.push({ frame, levels: Uint8Array.from(probabilityMap, share => Math.round(255 * share)) });
            return;
        }
        const measured = lesions.map(lesion => {
            const { type, probabilities } = result.regions[lesion.region] ?? result;
            return { ...lesion, type, probabilities, millimetres: scaleOf(lesion.bbox) };
        });
        this.#frames.push({ frame, numbers: outlineNumbers(mask, width, lesions), lesions: lesions.length, edited: refined });
        this.#reported.push({ frame, lesions: measured, presence });
    }

    /**
     * Writes the objects of the frames that were answered; nothing without any.
     * @param {string} file of the image
     * @param {import('./cli-frames.js').Pictures} pictures
     * @param {{ writers: Map<string, string>, sources: Map<string, string> }} done writers as for `check`; by the UID of a
     *     source: its file
     * @param {boolean} overwrite
     */
    async write(file, pictures, { writers, sources }, overwrite) {
        if (this.#sizes.size === 0) return;
        if (!pictures.reference) throw new Error('it is no DICOM file');
        const source = await pictures.reference(this.#options.patient);
        const twin = sources.get(source.sopInstance);
        if (twin !== undefined) throw new Error(`it has the same SOP Instance UID as ${twin}`);
        sources.set(source.sopInstance, file);
        const size = `${source.width} × ${source.height}`;
        const other = [...this.#sizes].find(each => each !== size);
        if (other) throw new Error(`its picture is ${other} pixels, and its header says ${size}`);
        const { seg, sr } = this.#files;
        const written = this.#options.type === 'fractional'
            ? fractionalSegmentation(source, this.#maps, this.#maker)
            : binarySegmentation(source, this.#frames, this.#maker);
        await naming(seg, writeOutput(seg, written.file, overwrite));
        writers.set(seg, file);
        if (this.#options.report) await naming(sr, writeOutput(sr, measurementReport(source, written, this.#reported, this.#maker), overwrite));
    }
}
