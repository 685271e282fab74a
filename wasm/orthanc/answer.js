/** Segments an instance, and makes its SEG and SR. */
import { createHash } from 'node:crypto';
import { openPictures, scaleOf } from '../cli-frames.js';
import { Answers } from '../dicom/answers.js';
import { isDicom } from '../dicom/is-dicom.js';

/**
 * @typedef {import('../dicom/derived.js').Maker} Maker
 * @typedef {import('../sonomask.js').SonomaskPool} SonomaskPool
 */

/**
 * @typedef {object} Answered
 * @property {Uint8Array<ArrayBuffer>[]} files SEG and SR
 * @property {string} sopInstance of the source
 * @property {number} frames
 * @property {number} lesions in all frames
 */

/**
 * Unique identifiers that follow from the image and the weights: an image that is answered again, after a crash for example,
 * gives objects that the archive has already. An archive may hold an instance in several studies, where a file was copied:
 * each has objects of its own.
 * @param {import('../dicom/reference.js').Reference} source with the patient
 * @param {Maker} maker
 * @returns {() => string}
 */
function identifiers({ sopInstance, series, study, person }, { version, weights }) {
    const place = JSON.stringify([String(person['PatientID'] ?? ''), study, series, sopInstance]);
    let count = 0;
    return () => {
        const digest = createHash('sha256').update(`sonomask ${version} ${weights} ${place} ${++count}`).digest('hex');
        return `2.25.${BigInt(`0x${digest.slice(0, 32)}`)}`;
    };
}

/**
 * The objects name patient and study as the image does: the archive puts them beside it.
 * @param {Uint8Array} file DICOM
 * @param {SonomaskPool} engine
 * @param {Maker} maker
 * @returns {Promise<Answered>}
 */
export async function answer(file, engine, maker) {
    if (!isDicom(file.subarray(0, 132))) throw new Error('it is no DICOM file');
    const pictures = await openPictures({ file: '', stem: '', read: async () => file });
    const source = await pictures.reference?.(true);
    if (!source) throw new Error('it is no DICOM file');
    const answers = new Answers('binary');
    let lesions = 0;
    const settings = pictures.regions.length > 0 ? { regions: pictures.regions } : {};
    // As many frames at a time as there are workers: the frames of a loop are large.
    for (let first = 0; first < pictures.count; first += engine.size) {
        const frames = Array.from({ length: Math.min(engine.size, pictures.count - first) }, (_, index) => first + index);
        const results = await Promise.all(frames.map(async frame => engine.segment(await pictures.picture(frame), settings)));
        for (const [index, result] of results.entries()) {
            answers.add(first + index, result, box => scaleOf(pictures.scales, box));
            lesions += result.lesions.length;
        }
    }
    const { seg, sr } = answers.objects(source, maker, true, { uid: identifiers(source, maker) });
    return { files: sr ? [seg.file, sr] : [seg.file], sopInstance: source.sopInstance, frames: pictures.count, lesions };
}
