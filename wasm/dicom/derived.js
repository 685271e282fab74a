/** What the objects that are derived from an image, SEG and SR, have in common. */
import { newUid } from './write.js';

/**
 * @typedef {import('./reference.js').Reference} Reference
 * @typedef {import('./write.js').DataSet} DataSet
 */

/**
 * The program and network that made an answer.
 * @typedef {object} Maker
 * @property {string} version of the program
 * @property {string} network
 * @property {string} weights SHA-256 of the weights file, hexadecimal
 * @property {string} [reader] the name of the person who corrected or judged the answer
 */

/**
 * @typedef {object} Made
 * @property {Date} [date]
 * @property {() => string} [uid] makes unique identifiers; for the same bytes in two runs
 */

export const NOTICE = 'Research use only, not for diagnosis.';

/**
 * @param {Reference} source
 * @param {number} count of its frames that an object is of
 * @returns {string} "3 of 60 frames"; "" when it is of all
 */
export function partOfLoop({ frameCount }, count) {
    return count < frameCount ? `${count} of ${frameCount} frames` : '';
}

/**
 * @param {string} [name] as a person writes it, or with its parts as DICOM has them
 * @returns {string} family name first; "" without a name
 */
export function personName(name = '') {
    const words = name.trim().split(/\s+/);
    if (name.trim() === '' || name.includes('^')) return name.trim();
    return `${words.at(-1)}^${words.slice(0, -1).join(' ')}`;
}

/** @param {number} value */
const two = value => String(value).padStart(2, '0');

/**
 * @param {Reference} source
 * @param {Maker} maker
 * @param {string} sopClass
 * @param {{ modality: string, seriesNumber: number, description: string }} series
 * @param {Made} made
 * @returns {DataSet} patient, study, series, equipment and identity of a new object
 */
export function commonOf(source, maker, sopClass, { modality, seriesNumber, description }, { date = new Date(), uid = newUid }) {
    const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
    const time = `${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
    return {
        SpecificCharacterSet: 'ISO_IR 192',
        InstanceCreationDate: day,
        InstanceCreationTime: time,
        SOPClassUID: sopClass,
        SOPInstanceUID: uid(),
        SeriesDate: day,
        SeriesTime: time,
        ContentDate: day,
        ContentTime: time,
        Modality: modality,
        Manufacturer: 'sonomask',
        ManufacturerModelName: `sonomask ${maker.network}`,
        DeviceSerialNumber: maker.weights,
        SoftwareVersions: maker.version,
        SeriesDescription: description,
        ...source.person,
        StudyInstanceUID: source.study,
        SeriesInstanceUID: uid(),
        SeriesNumber: seriesNumber,
        InstanceNumber: 1,
    };
}

/**
 * @param {Reference} source
 * @param {number} frame from 0 on
 * @returns {DataSet} the reference to a frame; to the image when it has one only
 */
export function frameReference({ sopClass, sopInstance, frameCount }, frame) {
    return { ReferencedSOPClassUID: sopClass, ReferencedSOPInstanceUID: sopInstance, ReferencedFrameNumber: frameCount > 1 ? frame + 1 : undefined };
}
