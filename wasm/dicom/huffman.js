/** Bits and Huffman codes of JPEG (ITU-T T.81), shared by the lossy and the lossless process. */
import { damaged } from './error.js';

const FAST_BITS = 9;

/** A table of codes of 1 to 16 bits. */
export class HuffmanTable {
    /** By the next FAST_BITS bits: length << 8 | value, or 0 for a longer code. */
    #fast = new Uint16Array(1 << FAST_BITS);
    /** By length: the first code above those of this length, at the left of 16 bits. */
    #limits = new Uint32Array(18);
    /** By length: what gives the index of a code's value. */
    #offsets = new Int32Array(17);
    #values;

    /**
     * @param {Uint8Array} counts of codes by length, 16
     * @param {Uint8Array} values
     */
    constructor(counts, values) {
        this.#values = values;
        let code = 0;
        let index = 0;
        for (let length = 1; length <= 16; length++) {
            const count = counts[length - 1] ?? 0;
            this.#offsets[length] = index - code;
            if (code + count > 1 << length) throw damaged('JPEG: wrong Huffman table');
            if (length <= FAST_BITS)
                for (let entry = 0; entry < count; entry++) {
                    const first = (code + entry) << (FAST_BITS - length);
                    this.#fast.fill((length << 8) | (values[index + entry] ?? 0), first, first + (1 << (FAST_BITS - length)));
                }
            index += count;
            code += count;
            this.#limits[length] = code << (16 - length);
            code <<= 1;
        }
        this.#limits[17] = 0xffffffff;
    }

    /**
     * @param {BitReader} reader
     * @returns {number} the value of the next code
     */
    read(reader) {
        const next = reader.peek16();
        const fast = /** @type {number} */ (this.#fast[next >> (16 - FAST_BITS)]);
        if (fast !== 0) {
            reader.skip(fast >> 8);
            return fast & 0xff;
        }
        let length = FAST_BITS + 1;
        while (next >= /** @type {number} */ (this.#limits[length])) length++;
        if (length > 16) throw damaged('JPEG: a code that is in no Huffman table');
        reader.skip(length);
        return this.#values[(next >> (16 - length)) + /** @type {number} */ (this.#offsets[length])] ?? 0;
    }
}

/** The bits of a scan. A byte 0xff is followed by a zero byte, which is left out, or is a marker, which ends the bits. */
export class BitReader {
    #bytes;
    #bits = 0;
    #count = 0;
    /** Bits in `#bits` that are not in the file. */
    #invented = 0;
    /** Of the next byte, or of the marker that ended the bits. */
    position;

    /**
     * @param {Uint8Array} bytes
     * @param {number} position
     */
    constructor(bytes, position) {
        this.#bytes = bytes;
        this.position = position;
    }

    /** @returns {number} the next 16 bits; zeros after the end */
    peek16() {
        while (this.#count < 16) {
            const byte = this.#bytes[this.position];
            let value = 0;
            if (byte === undefined || (byte === 0xff && this.#bytes[this.position + 1] !== 0)) {
                this.#invented += 8;
            } else {
                value = byte;
                this.position += byte === 0xff ? 2 : 1;
            }
            this.#bits = ((this.#bits << 8) | value) & 0xffffff;
            this.#count += 8;
        }
        return (this.#bits >> (this.#count - 16)) & 0xffff;
    }

    /** @param {number} count of bits, at most 16, that were looked at */
    skip(count) {
        this.#count -= count;
        if (this.#count < this.#invented) throw damaged('JPEG: the data ends too early');
    }

    /**
     * A number of T.81, F.2.2.1: the first bit is its sign.
     * @param {number} size in bits, at most 16
     * @returns {number}
     */
    signed(size) {
        if (size === 0) return 0;
        const value = this.peek16() >> (16 - size);
        this.skip(size);
        return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
    }

    /** Goes to the restart marker that must follow, and behind it. */
    restart() {
        this.#bits = 0;
        this.#count = 0;
        this.#invented = 0;
        const bytes = this.#bytes;
        while (bytes[this.position] === 0xff && bytes[this.position + 1] === 0xff) this.position++;
        const marker = bytes[this.position + 1] ?? 0;
        if (bytes[this.position] !== 0xff || marker < 0xd0 || marker > 0xd7) throw damaged('JPEG: a restart marker is missing');
        this.position += 2;
    }
}
