/** Recognises DICOM files by their first bytes, with and without a preamble. */
import { BIG_ENDIAN, EXPLICIT, IMPLICIT } from './syntaxes.js';

export const PREAMBLE_BYTES = 128;
const REPRESENTATIONS = /^(AE|AS|AT|CS|DA|DS|DT|FD|FL|IS|LO|LT|OB|OW|PN|SH|SL|SQ|SS|ST|TM|UI|UL|UN|US|UT)$/;

/**
 * @param {Uint8Array} head
 * @returns {boolean}
 */
export function hasPreamble(head) {
    return [...'DICM'].every((letter, index) => head[PREAMBLE_BYTES + index] === letter.charCodeAt(0));
}

/**
 * How a file without preamble is written.
 * @param {Uint8Array} head its first bytes
 * @returns {'meta' | typeof IMPLICIT | typeof EXPLICIT | typeof BIG_ENDIAN | null} 'meta': it begins with the group of the
 *     transfer syntax; null: this is no DICOM file
 */
export function kindWithoutPreamble(head) {
    const [first, second, third, fourth, fifth = 0, sixth = 0, seventh = 0, eighth = 0] = head;
    if (head.length < 16) return null;
    const isExplicit = REPRESENTATIONS.test(String.fromCharCode(fifth, sixth));
    if (second === 0 && fourth === 0 && (first === 2 || first === 8) && (third ?? 0) <= 0x70) {
        if (first === 2) return isExplicit ? 'meta' : null;
        if (isExplicit) return EXPLICIT;
        // The first element is short: its length is a small even number.
        return seventh === 0 && eighth === 0 && sixth === 0 && fifth > 0 && fifth % 2 === 0 && fifth <= 64 ? IMPLICIT : null;
    }
    return first === 0 && second === 8 && third === 0 && isExplicit ? BIG_ENDIAN : null;
}

/**
 * @param {Uint8Array} head the first 132 bytes of a file or more
 * @returns {boolean} whether it is a DICOM file
 */
export function isDicom(head) {
    return hasPreamble(head) || kindWithoutPreamble(head) !== null;
}
