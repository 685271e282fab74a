/** Writes the DICOM objects of one file, SEG and SR. */
import { Answers } from './dicom/answers.js';
import { checkReplaceable, writeOutput } from './cli-output.js';
import { naming } from './cli-reasons.js';

/**
 * @typedef {import('./dicom/derived.js').Maker} Maker
 * @typedef {import('./sonomask.js').Segmentation} Segmentation
 */

export class Derived {
    #options;
    #maker;
    #files;
    #answers;

    /**
     * @param {string} start of the names of its files, with their folder
     * @param {NonNullable<import('./cli-options.js').Request['derived']>} options
     * @param {Maker} maker
     */
    constructor(start, options, maker) {
        this.#options = options;
        this.#maker = maker;
        this.#answers = new Answers(options.type);
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
        this.#answers.add(frame, result, scaleOf);
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
        if (this.#answers.isEmpty) return;
        if (!pictures.reference) throw new Error('it is no DICOM file');
        const source = await pictures.reference(this.#options.patient);
        const twin = sources.get(source.sopInstance);
        if (twin !== undefined) throw new Error(`it has the same SOP Instance UID as ${twin}`);
        sources.set(source.sopInstance, file);
        const { seg, sr } = this.#files;
        const made = this.#answers.objects(source, this.#maker, this.#options.report);
        await naming(seg, writeOutput(seg, made.seg.file, overwrite));
        writers.set(seg, file);
        if (made.sr) await naming(sr, writeOutput(sr, made.sr, overwrite));
    }
}
