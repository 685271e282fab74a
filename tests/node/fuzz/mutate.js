/** Random changes of DICOM files, by element and by byte. The same seed gives the same files. */

/** A generator of random numbers (mulberry32). */
export class Random {
    #state;

    /** @param {number} seed */
    constructor(seed) {
        this.#state = seed >>> 0;
    }

    /**
     * @param {number} limit
     * @returns {number} a whole number, 0 .. limit - 1
     */
    below(limit) {
        this.#state = (this.#state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
    }

    /**
     * @template T
     * @param {readonly T[]} list not empty
     * @returns {T}
     */
    pick(list) {
        return /** @type {T} */ (list[this.below(list.length)]);
    }
}

const MOST_BYTES = 32768;
const FIRST_ELEMENT = 132;
const NUMBERS = [0, 1, 2, 3, 7, 8, 15, 16, 17, 127, 128, 255, 256, 1000, 4096, 32767, 32768, 65534, 65535, 0x7fffffff, 0xffffffff];
const TEXTS = ['', ' ', '0', '1', '-1', '2', '3', '1e9', '1e-9', '-1e300', '4294967296', 'NaN', 'Infinity', '1\\2', '\0', '£', 'x'.repeat(64)];
const WORDS = [
    'MONOCHROME1', 'MONOCHROME2', 'PALETTE COLOR', 'RGB', 'YBR_FULL', 'YBR_FULL_422', 'ARGB',
    '1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.2', '1.2.840.10008.1.2.5', '1.2.840.10008.1.2.4.50',
    '1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2.4.90',
];
const LONG = ['OB', 'OW', 'OF', 'SQ', 'UN', 'UT', 'UC'];

/**
 * @typedef {object} Element
 * @property {number} start of its tag
 * @property {number} lengthAt
 * @property {2 | 4} lengthSize
 * @property {number} value where it begins
 * @property {number} end
 */

/**
 * Finds elements as a reader of little-endian files with value representations does, including those inside sequences
 * and encapsulated pixels. It stops at the first that it cannot parse.
 * @param {Uint8Array} file
 * @returns {Element[]}
 */
export function elementsOf(file) {
    const view = new DataView(file.buffer, file.byteOffset, file.length);
    /** @type {Element[]} */
    const found = [];
    let at = FIRST_ELEMENT;
    while (at + 8 <= file.length) {
        const isItem = view.getUint16(at, true) === 0xfffe;
        const vr = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5));
        const isLong = isItem || LONG.includes(vr) || !/^[A-Z]{2}$/.test(vr);
        const hasReserved = !isItem && LONG.includes(vr);
        const lengthAt = at + (hasReserved ? 8 : isItem || isLong ? 4 : 6);
        const value = lengthAt + (isLong ? 4 : 2);
        if (value > file.length) break;
        const length = isLong ? view.getUint32(lengthAt, true) : view.getUint16(lengthAt, true);
        const holdsElements = length === 0xffffffff || vr === 'SQ' || isItem;
        const end = Math.min(file.length, value + (length === 0xffffffff ? 0 : length));
        found.push({ start: at, lengthAt, lengthSize: isLong ? 4 : 2, value, end });
        // The items of compressed pixels contain no elements, so they are skipped.
        at = holdsElements && isElement(view, value) ? value : end;
    }
    return found;
}

/**
 * @param {DataView} view
 * @param {number} at
 * @returns {boolean} whether a tag of a group that the seeds use begins there
 */
function isElement(view, at) {
    return at + 8 <= view.byteLength && [0x0018, 0xfffe].includes(view.getUint16(at, true));
}

/**
 * @param {Uint8Array} file
 * @param {number} from
 * @param {number} to
 * @param {Uint8Array} part
 * @returns {Uint8Array} the file with a part in the place of its bytes from..to
 */
function spliced(file, from, to, part) {
    const result = new Uint8Array(from + part.length + file.length - to);
    result.set(file.subarray(0, from));
    result.set(part, from);
    result.set(file.subarray(to), from + part.length);
    return result;
}

/**
 * @param {Uint8Array} file
 * @param {number} at
 * @param {number} size bytes
 * @param {number} value
 * @returns {Uint8Array}
 */
function withNumber(file, at, size, value) {
    const part = Uint8Array.from({ length: size }, (_, index) => Math.floor(value / 256 ** index) & 255);
    return spliced(file, at, Math.min(file.length, at + size), part);
}

/** @typedef {(file: Uint8Array, element: Element, random: Random, other: Uint8Array) => Uint8Array} Change */

/** @type {Change[]} */
const CHANGES_OF_ELEMENTS = [
    // A number in the value.
    (file, { value, end }, random) => withNumber(file, value + 2 * random.below(Math.max(1, (end - value) >> 1)), random.pick([1, 2, 2, 2, 4]), random.pick(NUMBERS)),
    (file, { value, end }, random) => withNumber(file, value, 2, random.below(end - value > 4 ? 65536 : 300)),
    // A text in its place, with the length that it has.
    (file, { value, end, lengthAt, lengthSize }, random) => {
        const text = Buffer.from(random.pick(random.below(2) ? TEXTS : WORDS), 'latin1');
        return withNumber(spliced(file, value, end, text), lengthAt, lengthSize, text.length);
    },
    // A length that is wrong.
    (file, { value, end, lengthAt, lengthSize }, random) =>
        withNumber(file, lengthAt, lengthSize, random.pick([0, 1, 0xffff, 0xffffffff, end - value + random.pick([-2, -1, 1, 2, 8]), random.pick(NUMBERS)])),
    // A value that is shorter or longer, with the length that it has.
    (file, { value, end, lengthAt, lengthSize }, random) => {
        const keep = random.below(end - value + 1);
        const part = random.below(2) ? file.slice(value, value + keep) : new Uint8Array(end - value + random.below(64)).fill(random.below(256));
        return withNumber(spliced(file, value, end, part), lengthAt, lengthSize, part.length);
    },
    // Removed, or repeated.
    (file, { start, end }) => spliced(file, start, end, new Uint8Array()),
    (file, { start, end }) => spliced(file, end, end, file.slice(start, end)),
    // An element of another file in front of it.
    (file, { start }, random, other) => {
        const elements = elementsOf(other);
        if (elements.length === 0) return file;
        const taken = random.pick(elements);
        return spliced(file, start, start, other.subarray(taken.start, taken.end));
    },
    // In place of another element of the same file.
    (file, { start, end }, random) => {
        const other = random.pick(elementsOf(file));
        return spliced(file, start, end, file.slice(other.start, other.end));
    },
];

/** @type {((file: Uint8Array, random: Random, other: Uint8Array) => Uint8Array)[]} */
const CHANGES_OF_BYTES = [
    (file, random) => withNumber(file, random.below(file.length), random.pick([1, 1, 2, 4]), random.pick(NUMBERS)),
    (file, random) => {
        const result = file.slice();
        const at = random.below(file.length);
        result[at] = (result[at] ?? 0) ^ (1 << random.below(8));
        return result;
    },
    (file, random) => file.slice(0, random.below(file.length)),
    (file, random) => {
        const from = random.below(file.length);
        return spliced(file, from, Math.min(file.length, from + 1 + random.below(64)), new Uint8Array());
    },
    (file, random) => {
        const from = random.below(file.length);
        return spliced(file, from, from, file.slice(from, from + 1 + random.below(64)));
    },
    (file, random, other) => spliced(file, random.below(file.length), file.length, other.subarray(random.below(other.length))),
];

/**
 * @param {Uint8Array} file
 * @param {Uint8Array} other to take parts from
 * @param {Random} random
 * @returns {Uint8Array} another file
 */
export function mutate(file, other, random) {
    let result = file;
    for (let count = 1 + random.below(4); count > 0; count--) {
        if (result.length === 0) return result;
        const elements = elementsOf(result);
        result =
            elements.length > 0 && random.below(4) > 0
                ? random.pick(CHANGES_OF_ELEMENTS)(result, random.pick(elements), random, other)
                : random.pick(CHANGES_OF_BYTES)(result, random, other);
    }
    return result.length > MOST_BYTES ? result.slice(0, MOST_BYTES) : result;
}
