/** A file's data set: with and without preamble, deflated, of either byte order. */
import { damaged, FileError } from './error.js';
import { PREAMBLE_BYTES, hasPreamble, kindWithoutPreamble } from './is-dicom.js';
import { DEFLATED, EXPLICIT, IMPLICIT } from './syntaxes.js';

/**
 * @typedef {import('dicom-parser').DataSet} DataSet
 * @typedef {typeof import('dicom-parser')} DicomParser
 */

/**
 * @typedef {object} Parsed
 * @property {DataSet} set what could be read
 * @property {string} syntax transfer syntax
 * @property {string} truncated why not all of it could be read; "" when all was
 */

/** Of what a deflated file may hold. */
const MOST_INFLATED = 2 ** 30;

/**
 * @param {Uint8Array} bytes of the file
 * @returns {{ bytes: Uint8Array, syntax: string | null }} with a preamble, or with the syntax of a file without one
 */
function normalised(bytes) {
    if (hasPreamble(bytes)) return { bytes, syntax: null };
    const kind = kindWithoutPreamble(bytes.subarray(0, PREAMBLE_BYTES));
    if (kind === null) throw damaged('it does not begin like a DICOM file');
    if (kind !== 'meta') return { bytes, syntax: kind };
    const whole = new Uint8Array(PREAMBLE_BYTES + 4 + bytes.length);
    whole.set(new TextEncoder().encode('DICM'), PREAMBLE_BYTES);
    whole.set(bytes, PREAMBLE_BYTES + 4);
    return { bytes: whole, syntax: null };
}

/**
 * dicom-parser throws errors, plain strings, and objects with the data set as far as it came.
 * @param {any} error
 * @returns {string}
 */
function reasonOf(error) {
    const reason = error?.exception?.message ?? error?.exception ?? error?.message ?? error;
    return String(reason).replace(/^(dicomParser|\w+ByteArrayParser)\.\w+: /, '');
}

/**
 * @param {DicomParser} parser
 * @param {Uint8Array} bytes
 * @param {string} syntax
 * @param {boolean} isRaw whether the bytes begin with the data set
 * @returns {Parsed}
 */
function parseAs(parser, bytes, syntax, isRaw) {
    try {
        return { set: parser.parseDicom(bytes, isRaw ? { TransferSyntaxUID: syntax } : {}), syntax, truncated: '' };
    } catch (error) {
        const { dataSet } = /** @type {any} */ (error);
        if (dataSet?.elements) return { set: dataSet, syntax, truncated: reasonOf(error) };
        throw damaged(reasonOf(error));
    }
}

/**
 * @param {DicomParser} parser
 * @param {Uint8Array} bytes
 * @returns {{ syntax: string, dataStart: number }}
 */
function readMeta(parser, bytes) {
    try {
        const meta = parser.readPart10Header(bytes);
        const { position = 0 } = /** @type {{ position?: number }} */ (/** @type {unknown} */ (meta));
        return { syntax: meta.string('x00020010')?.trim() ?? IMPLICIT, dataStart: position };
    } catch (error) {
        throw damaged(reasonOf(error));
    }
}

/**
 * @param {Uint8Array} file
 * @param {DicomParser} parser
 * @param {(bytes: Uint8Array, most: number) => Promise<Uint8Array>} inflate raw deflate; fails above `most` bytes
 * @returns {Promise<Parsed>}
 * @throws {FileError}
 */
export async function parse(file, parser, inflate) {
    const { bytes, syntax: known } = normalised(file);
    if (known) return parseAs(parser, bytes, known, true);
    const { syntax, dataStart } = readMeta(parser, bytes);
    if (syntax !== DEFLATED) return parseAs(parser, bytes, syntax, false);
    let inflated;
    try {
        inflated = await inflate(bytes.subarray(dataStart), MOST_INFLATED);
    } catch (error) {
        throw error instanceof FileError ? error : damaged('its deflated data cannot be read');
    }
    return { ...parseAs(parser, inflated, EXPLICIT, true), syntax };
}
