/** Writes DICOM files: explicit value representations, little endian, text in UTF-8, sequences of known length. */
import { DICTIONARY } from './dictionary.js';

/** @typedef {string | number | (string | number)[] | Uint8Array | DataSet[]} Value */
/** By keyword. `undefined` is left out; a tag (AT) is a number. @typedef {{ [keyword: string]: Value | undefined }} DataSet */

const EXPLICIT = '1.2.840.10008.1.2.1';
/** Made once for this program, from a UUID. */
export const IMPLEMENTATION_UID = '2.25.74249492692672394174328946815277567131';
const IMPLEMENTATION_NAME = 'SONOMASK';

/** Their length has 32 bits. */
const LONG = new Set(['OB', 'SQ', 'UT']);
/** Letters that a value may have. @type {Record<string, number>} */
const MOST_LETTERS = { SH: 16, CS: 16, LO: 64, ST: 1024, LT: 10240 };
/** Their text is one value, and may hold backslashes and line ends. */
const FREE_TEXT = new Set(['LT', 'ST', 'UT']);

const encoder = new TextEncoder();

/**
 * @param {Uint8Array[]} parts
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function joined(parts) {
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

/**
 * @param {number} value
 * @returns {string} a decimal text of at most 16 letters
 */
function decimalText(value) {
    for (let digits = 12; digits > 0; digits--) {
        const text = String(Number(value.toPrecision(digits)));
        if (text.length <= 16) return text;
    }
    return '0';
}

/**
 * Cuts what is too long and takes out letters that the representation does not allow.
 * @param {string} vr
 * @param {string | number} value
 */
function textOf(vr, value) {
    if (typeof value === 'number') return vr === 'DS' ? decimalText(value) : String(value);
    const clean = FREE_TEXT.has(vr) ? value.replace(/[^\P{Cc}\r\n\t\f]/gu, ' ') : value.replace(/[\p{Cc}\\]/gu, ' ');
    return [...clean].slice(0, MOST_LETTERS[vr] ?? Infinity).join('');
}

/**
 * @param {number[]} numbers
 * @param {2 | 4} size in bytes
 */
function words(numbers, size) {
    const bytes = new Uint8Array(size * numbers.length);
    const view = new DataView(bytes.buffer);
    for (const [index, number] of numbers.entries()) {
        if (size === 2) view.setUint16(2 * index, number, true);
        else view.setUint32(4 * index, number, true);
    }
    return bytes;
}

/**
 * @param {string} vr
 * @param {Value} value
 * @returns {Uint8Array} of even length
 */
function valueBytes(vr, value) {
    if (vr === 'SQ') return joined(/** @type {DataSet[]} */ (value).flatMap(item => {
        const bytes = dataSetBytes(item);
        return [words([0xfffe, 0xe000], 2), words([bytes.length], 4), bytes];
    }));
    const list = /** @type {(string | number)[]} */ (Array.isArray(value) ? value : [value]);
    let bytes;
    if (value instanceof Uint8Array) bytes = value;
    else if (vr === 'US') bytes = words(/** @type {number[]} */ (list), 2);
    else if (vr === 'UL') bytes = words(/** @type {number[]} */ (list), 4);
    else if (vr === 'AT') bytes = words(/** @type {number[]} */ (list).flatMap(tag => [tag >>> 16, tag & 0xffff]), 2);
    else bytes = encoder.encode(list.map(each => textOf(vr, each)).join('\\'));
    if (bytes.length % 2 === 0) return bytes;
    return joined([bytes, Uint8Array.of(vr === 'UI' || vr === 'OB' ? 0 : 0x20)]);
}

/**
 * @param {number} tag
 * @param {string} vr
 * @param {Value} value
 * @returns {Uint8Array[]}
 */
function element(tag, vr, value) {
    const bytes = valueBytes(vr, value);
    const head = [words([tag >>> 16, tag & 0xffff], 2), encoder.encode(vr)];
    if (LONG.has(vr)) return [...head, words([0], 2), words([bytes.length], 4), bytes];
    if (bytes.length > 0xffff) throw new Error(`a value of ${bytes.length} bytes is too long for ${vr}`);
    return [...head, words([bytes.length], 2), bytes];
}

/**
 * @param {DataSet} set
 * @returns {Uint8Array<ArrayBuffer>} its elements in the order of their tags
 */
function dataSetBytes(set) {
    /** @type {[tag: number, vr: string, value: Value][]} */
    const elements = [];
    for (const [keyword, value] of Object.entries(set)) {
        const entry = DICTIONARY[keyword];
        if (!entry) throw new Error(`no attribute ${keyword}`);
        if (value !== undefined) elements.push([...entry, value]);
    }
    elements.sort(([a], [b]) => a - b);
    return joined(elements.flatMap(([tag, vr, value]) => element(tag, vr, value)));
}

/**
 * @param {DataSet} set with its SOP class and instance
 * @returns {Uint8Array<ArrayBuffer>} the file
 */
export function dicomFile(set) {
    const meta = joined([
        ...element(0x00020001, 'OB', Uint8Array.of(0, 1)),
        ...element(0x00020002, 'UI', /** @type {string} */ (set['SOPClassUID'])),
        ...element(0x00020003, 'UI', /** @type {string} */ (set['SOPInstanceUID'])),
        ...element(0x00020010, 'UI', EXPLICIT),
        ...element(0x00020012, 'UI', IMPLEMENTATION_UID),
        ...element(0x00020013, 'SH', IMPLEMENTATION_NAME),
    ]);
    return joined([new Uint8Array(128), encoder.encode('DICM'), ...element(0x00020000, 'UL', meta.length), meta, dataSetBytes(set)]);
}

/** @returns {string} a new unique identifier, made from a random UUID (PS3.5, B.2) */
export function newUid() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    return `2.25.${BigInt(`0x${Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')}`)}`;
}
