/**
 * JPEG-LS (ITU-T T.87), lossless and near-lossless, in each kind of interleaving. The names of the variables are those of
 * the standard, in words where that is short.
 */
import { damaged, FileError } from './error.js';

const RUN_LENGTHS = Uint8Array.of(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15);
/** Contexts of single samples, and after them the two of samples that end a run. */
const REGULAR = 365;

/**
 * @typedef {object} LsImage
 * @property {number} bits per sample
 * @property {number} components
 * @property {Uint8Array | Uint16Array} samples interleaved by pixel
 */

/** The bits of a scan. After a byte 0xff, the next one holds seven bits. */
class Bits {
    #bytes;
    #value = 0;
    #count = 0;
    #afterFull = false;
    position;

    /**
     * @param {Uint8Array} bytes
     * @param {number} position
     */
    constructor(bytes, position) {
        this.#bytes = bytes;
        this.position = position;
    }

    #fill() {
        const byte = this.#bytes[this.position];
        if (byte === undefined || (byte >= 0x80 && this.#afterFull)) throw damaged('JPEG-LS: the data ends too early');
        this.position++;
        this.#value = byte;
        this.#count = this.#afterFull ? 7 : 8;
        this.#afterFull = byte === 0xff;
    }

    /** @returns {number} */
    bit() {
        if (this.#count === 0) this.#fill();
        this.#count--;
        return (this.#value >> this.#count) & 1;
    }

    /**
     * @param {number} count at most 24
     * @returns {number}
     */
    bits(count) {
        let missing = count;
        let result = 0;
        while (missing > 0) {
            if (this.#count === 0) this.#fill();
            const taken = Math.min(missing, this.#count);
            this.#count -= taken;
            result = (result << taken) | ((this.#value >> this.#count) & ((1 << taken) - 1));
            missing -= taken;
        }
        return result;
    }
}

/**
 * @typedef {object} Parameters
 * @property {number} most the largest sample
 * @property {number} near allowed difference
 * @property {number} reset
 * @property {[number, number, number]} thresholds
 */

/** Decodes the samples of one scan. */
class LineDecoder {
    #bits;
    #most;
    #near;
    #step;
    #range;
    #reset;
    #limit;
    #valueBits;
    #a = new Int32Array(REGULAR + 2);
    #b = new Int32Array(REGULAR);
    #c = new Int8Array(REGULAR);
    #n = new Int32Array(REGULAR + 2).fill(1);
    #negative = [0, 0];
    /** The class of a difference of two samples, -4..4, at the index difference + most. */
    #classes;
    runIndex = 0;

    /**
     * @param {Bits} bits
     * @param {Parameters} parameters
     */
    constructor(bits, { most, near, reset, thresholds: [first, second, third] }) {
        this.#bits = bits;
        this.#most = most;
        this.#near = near;
        this.#reset = reset;
        this.#step = 2 * near + 1;
        this.#range = Math.floor((most + 2 * near) / this.#step) + 1;
        this.#valueBits = Math.ceil(Math.log2(this.#range));
        const bitsPerSample = Math.max(2, Math.ceil(Math.log2(most + 1)));
        this.#limit = 2 * (bitsPerSample + Math.max(8, bitsPerSample));
        this.#a.fill(Math.max(2, (this.#range + 32) >> 6));
        this.#classes = Int8Array.from({ length: 2 * most + 1 }, (_, index) => {
            const size = Math.abs(index - most);
            const found = size <= near ? 0 : size < first ? 1 : size < second ? 2 : size < third ? 3 : 4;
            return index < most ? -found : found;
        });
    }

    /**
     * @param {number} k
     * @param {number} limit
     * @returns {number}
     */
    #golomb(k, limit) {
        let zeros = 0;
        const mostZeros = limit - this.#valueBits - 1;
        while (this.#bits.bit() === 0) if (++zeros > mostZeros) throw damaged('JPEG-LS: a code is too long');
        if (zeros < mostZeros) return (zeros << k) | this.#bits.bits(k);
        return this.#bits.bits(this.#valueBits) + 1;
    }

    /**
     * @param {number} value predicted sample plus the error
     * @returns {number} within the range of samples
     */
    #reconstructed(value) {
        const most = this.#most;
        const near = this.#near;
        const turn = this.#range * this.#step;
        const turned = value < -near ? value + turn : value > most + near ? value - turn : value;
        return turned < 0 ? 0 : turned > most ? most : turned;
    }

    /**
     * @param {number} ra left
     * @param {number} rb above
     * @param {number} rc above at the left
     * @param {number} rd above at the right
     * @returns {number} 0 where a run begins; otherwise the number of the context with its sign
     */
    context(ra, rb, rc, rd) {
        const classes = this.#classes;
        const most = this.#most;
        return 81 * /** @type {number} */ (classes[rd - rb + most]) + 9 * /** @type {number} */ (classes[rb - rc + most]) +
            /** @type {number} */ (classes[rc - ra + most]);
    }

    /**
     * A single sample.
     * @param {number} context not 0
     * @param {number} ra
     * @param {number} rb
     * @param {number} rc
     * @returns {number}
     */
    sample(context, ra, rb, rc) {
        const q = Math.abs(context);
        const sign = context < 0 ? -1 : 1;
        const a = this.#a;
        const b = this.#b;
        const n = this.#n;
        const smaller = Math.min(ra, rb);
        const larger = Math.max(ra, rb);
        const median = rc >= larger ? smaller : rc <= smaller ? larger : ra + rb - rc;
        let correction = /** @type {number} */ (this.#c[q]);
        const predicted = Math.max(0, Math.min(this.#most, median + sign * correction));
        let count = /** @type {number} */ (n[q]);
        let sum = /** @type {number} */ (a[q]);
        let bias = /** @type {number} */ (b[q]);
        let k = 0;
        while (count << k < sum && k < 24) k++;
        const code = this.#golomb(k, this.#limit);
        let error = code & 1 ? -((code + 1) >> 1) : code >> 1;
        if (this.#near === 0 && k === 0 && 2 * bias <= -count) error = -error - 1;
        sum += Math.abs(error);
        bias += error * this.#step;
        if (count === this.#reset) {
            sum >>= 1;
            bias >>= 1;
            count >>= 1;
        }
        count++;
        if (bias <= -count) {
            bias = Math.max(bias + count, 1 - count);
            if (correction > -128) correction--;
        } else if (bias > 0) {
            bias = Math.min(bias - count, 0);
            if (correction < 127) correction++;
        }
        a[q] = sum;
        b[q] = bias;
        n[q] = count;
        this.#c[q] = correction;
        return this.#reconstructed(predicted + sign * error * this.#step);
    }

    /**
     * @param {number} left samples of the line
     * @returns {number} how many of them are in the run; a smaller number than `left` means that one ends it
     */
    run(left) {
        let length = 0;
        while (this.#bits.bit() === 1) {
            const whole = 1 << /** @type {number} */ (RUN_LENGTHS[this.runIndex]);
            length += whole;
            if (length <= left && this.runIndex < 31) this.runIndex++;
            if (length >= left) return left;
        }
        length += this.#bits.bits(/** @type {number} */ (RUN_LENGTHS[this.runIndex]));
        if (length >= left) throw damaged('JPEG-LS: a run is longer than its line');
        return length;
    }

    /** After the sample that ended a run. */
    endRun() {
        if (this.runIndex > 0) this.runIndex--;
    }

    /**
     * The sample that ends a run.
     * @param {number} ra
     * @param {number} rb
     * @param {boolean} canBeSame whether similar neighbours have a context of their own
     * @returns {number}
     */
    runEnd(ra, rb, canBeSame) {
        const same = canBeSame && Math.abs(ra - rb) <= this.#near;
        const error = this.#runError(same ? 1 : 0) * this.#step;
        return this.#reconstructed(same ? ra + error : rb + (rb >= ra ? error : -error));
    }

    /**
     * @param {0 | 1} type
     * @returns {number}
     */
    #runError(type) {
        const q = REGULAR + type;
        let sum = /** @type {number} */ (this.#a[q]);
        let count = /** @type {number} */ (this.#n[q]);
        let negative = /** @type {number} */ (this.#negative[type]);
        const target = type === 0 ? sum : sum + (count >> 1);
        let k = 0;
        while (count << k < target && k < 24) k++;
        const code = this.#golomb(k, this.#limit - /** @type {number} */ (RUN_LENGTHS[this.runIndex]) - 1);
        const mapped = code + type;
        const odd = mapped & 1;
        const size = (mapped + odd) >> 1;
        const error = (k !== 0 || 2 * negative >= count) === (odd === 1) ? -size : size;
        if (error < 0) negative++;
        sum += (code + 1 - type) >> 1;
        if (count === this.#reset) {
            sum >>= 1;
            count >>= 1;
            negative >>= 1;
        }
        this.#a[q] = sum;
        this.#n[q] = count + 1;
        this.#negative[type] = negative;
        return error;
    }
}

/**
 * @param {Uint8Array} bytes
 * @param {{ width: number, height: number, components: number }} expected by the DICOM header: nothing is allocated for others
 * @returns {LsImage}
 * @throws {FileError}
 */
export function decodeJpegLs(bytes, expected) {
    const { width, height, components } = expected;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw damaged('JPEG-LS: no start');
    let position = 2;
    let bits = 0;
    /** @type {number[]} */
    let ids = [];
    /** Maximum, three thresholds, reset; 0: the standard's own. */
    let preset = [0, 0, 0, 0, 0];
    /** @type {Uint8Array | Uint16Array | null} */
    let samples = null;
    let decoded = 0;
    while (decoded < components) {
        while (position < bytes.length && (bytes[position] !== 0xff || (bytes[position + 1] ?? 0) < 0x80 || bytes[position + 1] === 0xff)) position++;
        const marker = bytes[position + 1];
        if (marker === undefined || marker === 0xd9) throw damaged('JPEG-LS: a component is missing');
        const length = position + 4 <= bytes.length ? view.getUint16(position + 2) : 0;
        const end = position + 2 + length;
        if (length < 2 || end > bytes.length) throw damaged('JPEG-LS: a segment ends after the file');
        const segment = bytes.subarray(position + 4, end);
        const word = (/** @type {number} */ at) => ((segment[at] ?? 0) << 8) | (segment[at + 1] ?? 0);
        position = end;
        if (marker === 0xf7) {
            bits = segment[0] ?? 0;
            if (word(3) !== width || word(1) !== height) throw damaged(`JPEG-LS: ${word(3)} × ${word(1)}, not ${width} × ${height}`);
            if (segment[5] !== components || segment.length < 6 + 3 * components) throw damaged(`JPEG-LS: ${segment[5]} components`);
            if (bits < 2 || bits > 16) throw damaged(`JPEG-LS: ${bits} bits`);
            ids = Array.from({ length: components }, (_, index) => segment[6 + 3 * index] ?? 0);
            if (ids.some((_, index) => segment[7 + 3 * index] !== 0x11)) throw new FileError('kind', 'JPEG-LS with reduced colours');
            samples ??= bits > 8 ? new Uint16Array(width * height * components) : new Uint8Array(width * height * components);
        } else if (marker === 0xf8) {
            if (segment[0] !== 1) throw new FileError('kind', 'JPEG-LS with a mapping table');
            preset = [1, 3, 5, 7, 9].map(word);
        } else if (marker === 0xdd) {
            if (segment.some(byte => byte !== 0)) throw new FileError('kind', 'JPEG-LS with restart intervals');
        } else if (marker === 0xda) {
            const count = segment[0] ?? 0;
            const [near = 0, interleave = 0, shift = 0] = segment.subarray(1 + 2 * count);
            if (!samples || count < 1 || segment.length < 4 + 2 * count) throw damaged('JPEG-LS: wrong scan');
            const channels = Array.from({ length: count }, (_, index) => ids.indexOf(segment[1 + 2 * index] ?? 0));
            if (channels.includes(-1) || decoded + count > components) throw damaged('JPEG-LS: a scan of an unknown component');
            if (shift > 0 || interleave > 2 || (count === 1) !== (interleave === 0)) throw damaged('JPEG-LS: wrong interleaving');
            const reader = new Bits(bytes, position);
            const decoder = new LineDecoder(reader, parametersOf(bits, near, preset));
            const output = { samples, width, height, components, channels };
            if (interleave === 2) decodePixels(decoder, output);
            else decodeLines(decoder, output);
            position = reader.position;
            decoded += count;
        }
    }
    if (!samples) throw damaged('JPEG-LS: no image data');
    return { bits, components, samples };
}

/**
 * @param {number} bits
 * @param {number} near
 * @param {number[]} preset
 * @returns {Parameters}
 */
function parametersOf(bits, near, [chosenMost = 0, first = 0, second = 0, third = 0, reset = 0]) {
    const most = chosenMost || (1 << bits) - 1;
    if (most >= 1 << bits || near > Math.min(255, most >> 1)) throw damaged('JPEG-LS: wrong parameters');
    // T.87, C.2.4.1.1.1.
    const clamp = (/** @type {number} */ value, /** @type {number} */ low) => (value > most || value < low ? low : value);
    const factor = most >= 128 ? (Math.min(most, 4095) + 128) >> 8 : Math.floor(256 / (most + 1));
    const scaled = (/** @type {number} */ base, /** @type {number} */ small, /** @type {number} */ slope) =>
        (most >= 128 ? factor * (base - small) + small : Math.max(small, Math.floor(base / factor))) + slope * near;
    const one = first || clamp(scaled(3, 2, 3), near + 1);
    const two = second || clamp(scaled(7, 3, 5), one);
    const three = third || clamp(scaled(21, 4, 7), two);
    return { most, near, reset: reset || 64, thresholds: [one, two, three] };
}

/**
 * @typedef {object} Output
 * @property {Uint8Array | Uint16Array} samples interleaved by pixel
 * @property {number} width
 * @property {number} height
 * @property {number} components
 * @property {number[]} channels of the components of the scan
 */

/**
 * One component, or several whose lines follow each other.
 * @param {LineDecoder} decoder
 * @param {Output} output
 */
function decodeLines(decoder, { samples, width, height, components, channels }) {
    const states = channels.map(channel => ({ channel, runIndex: 0, above: new Int32Array(width + 2), line: new Int32Array(width + 2) }));
    for (let y = 0; y < height; y++)
        for (const state of states) {
            [state.above, state.line] = [state.line, state.above];
            const { above, line, channel } = state;
            decoder.runIndex = state.runIndex;
            decodeLine(decoder, above, line, width);
            state.runIndex = decoder.runIndex;
            for (let x = 0; x < width; x++) samples[(y * width + x) * components + channel] = /** @type {number} */ (line[x + 1]);
        }
}

/**
 * @param {LineDecoder} decoder
 * @param {Int32Array} above with one more sample at each side
 * @param {Int32Array} line likewise
 * @param {number} width
 */
function decodeLine(decoder, above, line, width) {
    line[0] = /** @type {number} */ (above[1]);
    above[width + 1] = /** @type {number} */ (above[width]);
    let x = 1;
    while (x <= width) {
        const ra = /** @type {number} */ (line[x - 1]);
        const rb = /** @type {number} */ (above[x]);
        const rc = /** @type {number} */ (above[x - 1]);
        const context = decoder.context(ra, rb, rc, /** @type {number} */ (above[x + 1]));
        if (context !== 0) {
            line[x++] = decoder.sample(context, ra, rb, rc);
            continue;
        }
        const length = decoder.run(width - x + 1);
        line.fill(ra, x, x + length);
        x += length;
        if (x <= width) {
            line[x] = decoder.runEnd(ra, /** @type {number} */ (above[x]), true);
            decoder.endRun();
            x++;
        }
    }
}

/**
 * Several components whose samples of a pixel follow each other; a run is one of whole pixels.
 * @param {LineDecoder} decoder
 * @param {Output} output
 */
function decodePixels(decoder, { samples, width, height, components, channels }) {
    const rows = channels.map(() => ({ above: new Int32Array(width + 2), line: new Int32Array(width + 2) }));
    for (let y = 0; y < height; y++) {
        for (const row of rows) {
            [row.above, row.line] = [row.line, row.above];
            row.line[0] = /** @type {number} */ (row.above[1]);
            row.above[width + 1] = /** @type {number} */ (row.above[width]);
        }
        let x = 1;
        while (x <= width) {
            const at = x;
            const contexts = rows.map(({ above, line }) => decoder.context(/** @type {number} */ (line[at - 1]), /** @type {number} */ (above[at]),
                /** @type {number} */ (above[at - 1]), /** @type {number} */ (above[at + 1])));
            if (contexts.some(context => context !== 0)) {
                // A component of context 0 is then coded like the others.
                for (const [index, { above, line }] of rows.entries())
                    line[at] = decoder.sample(/** @type {number} */ (contexts[index]), /** @type {number} */ (line[at - 1]),
                        /** @type {number} */ (above[at]), /** @type {number} */ (above[at - 1]));
                x++;
                continue;
            }
            const length = decoder.run(width - x + 1);
            for (const { line } of rows) line.fill(/** @type {number} */ (line[at - 1]), at, at + length);
            x += length;
            if (x <= width) {
                for (const { above, line } of rows)
                    line[x] = decoder.runEnd(/** @type {number} */ (line[x - 1]), /** @type {number} */ (above[x]), false);
                decoder.endRun();
                x++;
            }
        }
        for (const [index, { line }] of rows.entries())
            for (let column = 0; column < width; column++)
                samples[(y * width + column) * components + /** @type {number} */ (channels[index])] = /** @type {number} */ (line[column + 1]);
    }
}
