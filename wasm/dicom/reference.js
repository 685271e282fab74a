/** What a derived object says of the image that it comes from. Patient data is read only on request. */
import { decodeText } from './character-sets.js';
import { FileError } from './error.js';
import { Header } from './header.js';
import { lossyOf } from './lossy.js';
import { parse } from './parse.js';
import { reading } from './read.js';
import { BIG_ENDIAN } from './syntaxes.js';

/** @typedef {import('./write.js').DataSet} DataSet */

/**
 * @typedef {object} Reference
 * @property {string} sopClass
 * @property {string} sopInstance
 * @property {string} study
 * @property {string} series
 * @property {string} modality
 * @property {number} width
 * @property {number} height
 * @property {number} frameCount
 * @property {DataSet} lossy what it says of lossy compression
 * @property {DataSet} person patient and study as the file names them; without names, empty attributes
 */

/** Attributes of patient and study that name a person or lead to one, by keyword. @type {Record<string, string>} */
const PERSON = {
    StudyDate: 'x00080020', StudyTime: 'x00080030', AccessionNumber: 'x00080050', ReferringPhysicianName: 'x00080090',
    PatientName: 'x00100010', PatientID: 'x00100020', PatientBirthDate: 'x00100030', PatientSex: 'x00100040', StudyID: 'x00200010',
};

/** Of a root of their own; up to 64 letters. */
const IDENTIFIER = /^[0-2](\.(0|[1-9]\d*))+$/;

/**
 * @param {Header} header
 * @param {boolean} withPerson
 * @returns {DataSet}
 */
function personOf(header, withPerson) {
    const terms = (header.text('x00080005', true) ?? '').split('\\').map(term => term.trim());
    const texts = Object.entries(PERSON).map(([keyword, tag]) => [keyword, withPerson ? decodeText(header.bytes(tag), terms).trim() : '']);
    const issuer = withPerson ? decodeText(header.bytes('x00100021'), terms).trim() : '';
    // Archives describe a study by any of its objects.
    const description = withPerson ? decodeText(header.bytes('x00081030'), terms).trim() : '';
    return {
        ...Object.fromEntries(texts),
        ...(description && { StudyDescription: description }),
        ...(issuer && { IssuerOfPatientID: issuer }),
        ...(!withPerson && { PatientIdentityRemoved: 'YES', DeidentificationMethod: 'Patient and study data left out; UIDs kept' }),
    };
}

/**
 * @param {Uint8Array} bytes of a DICOM file
 * @param {import('./read.js').Libraries} libraries
 * @param {boolean} withPerson whether patient and study are named
 * @returns {Promise<Reference>}
 * @throws {FileError} `no-uids`: it lacks an identifier that a reference needs
 */
export async function readReference(bytes, libraries, withPerson) {
    const { set, syntax } = await parse(bytes, await libraries.parser(), libraries.inflate);
    const stored = (set.elements['x7fe00010']?.fragments ?? []).reduce((sum, { length }) => sum + length, 0);
    return reading(() => {
        const header = new Header(set, syntax !== BIG_ENDIAN);
        return referenceOf(header, lossyOf(header, syntax, stored), withPerson);
    });
}

/**
 * @param {Header} header
 * @param {DataSet} lossy
 * @param {boolean} withPerson
 * @returns {Reference}
 */
function referenceOf(header, lossy, withPerson) {
    const identifier = (/** @type {string} */ name, /** @type {string} */ tag) => {
        const text = header.text(tag) ?? '';
        if (text.length > 64 || !IDENTIFIER.test(text)) throw new FileError('no-uids', `${name} ${text === '' ? 'is missing' : `is "${text}"`}`);
        return text;
    };
    return {
        sopClass: identifier('SOP Class UID', 'x00080016'),
        sopInstance: identifier('SOP Instance UID', 'x00080018'),
        study: identifier('Study Instance UID', 'x0020000d'),
        series: identifier('Series Instance UID', 'x0020000e'),
        modality: header.text('x00080060') ?? '',
        width: header.number('x00280011') ?? 0,
        height: header.number('x00280010') ?? 0,
        frameCount: Number(header.text('x00280008') ?? 1),
        lossy,
        person: personOf(header, withPerson),
    };
}
