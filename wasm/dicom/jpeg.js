/**
 * JPEG (ITU-T T.81) as DICOM has it: sequential with 8 and 12 bits, and lossless with up to 16 bits. Browsers and common
 * libraries decode neither 12 bits nor the lossless process. The components are returned as they are stored, before any
 * conversion of colours, which the DICOM header decides.
 */
import { damaged, FileError } from './error.js';
import { BitReader, HuffmanTable } from './huffman.js';
import { decodeBlocks } from './jpeg-blocks.js';
import { decodeLossless } from './jpeg-lossless.js';

/**
 * @typedef {object} JpegComponent
 * @property {number} id
 * @property {number} across sampling factor
 * @property {number} down sampling factor
 * @property {number} table of quantisation
 * @property {Uint8Array | Uint16Array | null} plane samples as decoded, `stride` per row
 * @property {number} stride
 * @property {number} width samples of the image in a row of the plane
 * @property {number} height
 */

/**
 * @typedef {object} JpegFrame
 * @property {boolean} lossless
 * @property {number} precision bits per sample
 * @property {number} width
 * @property {number} height
 * @property {JpegComponent[]} components
 * @property {number} mostAcross the largest sampling factors
 * @property {number} mostDown
 */

/**
 * @typedef {object} ScanComponent
 * @property {JpegComponent} component
 * @property {HuffmanTable | undefined} dc
 * @property {HuffmanTable | undefined} ac
 */

/**
 * @typedef {object} Scan
 * @property {ScanComponent[]} parts
 * @property {number} predictor of the lossless process, 1..7
 * @property {number} shift point transform of the lossless process
 * @property {number} restart interval in units; 0: none
 * @property {(Uint16Array | undefined)[]} quantisation tables, in the order of the file
 */

/**
 * @typedef {object} Jpeg
 * @property {JpegFrame} frame
 * @property {'rgb' | 'ycc' | null} colour what the file itself says
 */

/** Start of frame: kinds of JPEG. */
const BASELINE = 0xc0;
const EXTENDED = 0xc1;
const PROGRESSIVE = 0xc2;
const LOSSLESS = 0xc3;

class Decoder {
    #bytes;
    #view;
    #expected;
    /** @type {JpegFrame | null} */
    #frame = null;
    /** @type {(HuffmanTable | undefined)[]} */
    #dc = [];
    /** @type {(HuffmanTable | undefined)[]} */
    #ac = [];
    /** @type {(Uint16Array | undefined)[]} */
    #quantisation = [];
    #restart = 0;
    #hasJfif = false;
    /** @type {number | null} of Adobe's marker */
    #transform = null;

    /**
     * @param {Uint8Array} bytes
     * @param {{ width: number, height: number }} expected
     */
    constructor(bytes, expected) {
        this.#bytes = bytes;
        this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        this.#expected = expected;
    }

    /** @returns {Jpeg | null} */
    run() {
        const bytes = this.#bytes;
        if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw damaged('JPEG: no start');
        let position = 2;
        let scans = 0;
        for (;;) {
            while (bytes[position] === 0xff && bytes[position + 1] === 0xff) position++;
            // Bytes between segments are left out, as common decoders do.
            while (position < bytes.length && (bytes[position] !== 0xff || bytes[position + 1] === 0 || bytes[position + 1] === 0xff)) position++;
            const marker = bytes[position + 1];
            // Some encoders leave out the end marker.
            if (marker === undefined || marker === 0xd9) break;
            position += 2;
            if ((marker >= 0xd0 && marker <= 0xd7) || marker === 1) continue;
            const length = position + 2 <= bytes.length ? this.#view.getUint16(position) : 0;
            const end = position + length;
            if (length < 2 || end > bytes.length) throw damaged('JPEG: a segment ends after the file');
            const segment = bytes.subarray(position + 2, end);
            position = end;
            if (marker === PROGRESSIVE) return null;
            if (marker === BASELINE || marker === EXTENDED || marker === LOSSLESS) this.#startFrame(segment, marker === LOSSLESS);
            else if (marker >= 0xc5 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc)
                throw new FileError('kind', 'JPEG with arithmetic coding or hierarchical');
            else if (marker === 0xc4) this.#readHuffman(segment);
            else if (marker === 0xdb) this.#readQuantisation(segment);
            else if (marker === 0xdd) this.#restart = ((segment[0] ?? 0) << 8) | (segment[1] ?? 0);
            else if (marker === 0xe0 && textAt(segment, 'JFIF\0')) this.#hasJfif = true;
            else if (marker === 0xee && textAt(segment, 'Adobe')) this.#transform = segment[11] ?? null;
            else if (marker === 0xda) {
                position = this.#scan(segment, position);
                scans++;
            }
        }
        const frame = this.#frame;
        if (!frame || scans === 0 || frame.components.some(({ plane }) => !plane)) throw damaged('JPEG: no image data');
        return { frame, colour: this.#colour(frame) };
    }

    /**
     * @param {JpegFrame} frame
     * @returns {'rgb' | 'ycc' | null}
     */
    #colour({ components }) {
        if (this.#transform !== null) return this.#transform === 0 ? 'rgb' : 'ycc';
        if (this.#hasJfif) return 'ycc';
        return components.map(({ id }) => String.fromCharCode(id)).join('') === 'RGB' ? 'rgb' : null;
    }

    /**
     * @param {Uint8Array} segment
     * @param {boolean} lossless
     */
    #startFrame(segment, lossless) {
        if (this.#frame) throw damaged('JPEG: two frames');
        const [precision = 0, heightHigh = 0, heightLow = 0, widthHigh = 0, widthLow = 0, count = 0] = segment;
        const height = (heightHigh << 8) | heightLow;
        const width = (widthHigh << 8) | widthLow;
        if (width !== this.#expected.width || height !== this.#expected.height)
            throw damaged(`JPEG: ${width} × ${height}, not ${this.#expected.width} × ${this.#expected.height}`);
        if (lossless ? precision < 2 || precision > 16 : precision !== 8 && precision !== 12) throw damaged(`JPEG: ${precision} bits`);
        if ((count !== 1 && count !== 3) || segment.length < 6 + 3 * count) throw damaged(`JPEG: ${count} components`);
        /** @type {JpegComponent[]} */
        const components = Array.from({ length: count }, (_, index) => {
            const [id = 0, sampling = 0, table = 0] = segment.subarray(6 + 3 * index, 9 + 3 * index);
            return { id, across: sampling >> 4, down: sampling & 15, table, plane: null, stride: 0, width: 0, height: 0 };
        });
        // The factors of a single component have no meaning.
        if (components.length === 1) for (const component of components) component.across = component.down = 1;
        if (components.some(({ across, down }) => across < 1 || across > 4 || down < 1 || down > 4)) throw damaged('JPEG: sampling factors');
        const mostAcross = Math.max(...components.map(({ across }) => across));
        const mostDown = Math.max(...components.map(({ down }) => down));
        if (lossless && (mostAcross > 1 || mostDown > 1)) throw new FileError('kind', 'lossless JPEG with reduced colours');
        for (const component of components) {
            component.width = Math.ceil((width * component.across) / mostAcross);
            component.height = Math.ceil((height * component.down) / mostDown);
        }
        this.#frame = { lossless, precision, width, height, components, mostAcross, mostDown };
    }

    /** @param {Uint8Array} segment */
    #readHuffman(segment) {
        let at = 0;
        while (at + 17 <= segment.length) {
            const kind = segment[at] ?? 0;
            const counts = segment.subarray(at + 1, at + 17);
            const total = counts.reduce((sum, count) => sum + count, 0);
            at += 17;
            if (at + total > segment.length || (kind & 15) > 3) throw damaged('JPEG: wrong Huffman table');
            (kind >> 4 === 0 ? this.#dc : this.#ac)[kind & 15] = new HuffmanTable(counts, segment.slice(at, at + total));
            at += total;
        }
    }

    /** @param {Uint8Array} segment */
    #readQuantisation(segment) {
        let at = 0;
        while (at < segment.length) {
            const kind = segment[at++] ?? 0;
            const wide = kind >> 4 !== 0;
            if (at + (wide ? 128 : 64) > segment.length) throw damaged('JPEG: wrong quantisation table');
            const table = new Uint16Array(64);
            for (let index = 0; index < 64; index++) {
                table[index] = wide ? ((segment[at] ?? 0) << 8) | (segment[at + 1] ?? 0) : (segment[at] ?? 0);
                at += wide ? 2 : 1;
            }
            this.#quantisation[kind & 3] = table;
        }
    }

    /**
     * @param {Uint8Array} header
     * @param {number} position of the data
     * @returns {number} position after the data
     */
    #scan(header, position) {
        const frame = this.#frame;
        if (!frame) throw damaged('JPEG: a scan before the frame');
        const count = header[0] ?? 0;
        if (count < 1 || count > frame.components.length || header.length < 4 + 2 * count) throw damaged('JPEG: wrong scan');
        const parts = Array.from({ length: count }, (_, index) => {
            const [id = 0, tables = 0] = header.subarray(1 + 2 * index, 3 + 2 * index);
            const component = frame.components.find(candidate => candidate.id === id);
            if (!component) throw damaged('JPEG: a scan of an unknown component');
            return { component, dc: this.#dc[tables >> 4], ac: this.#ac[tables & 15] };
        });
        if (parts.some(({ component: { plane } }) => plane)) throw damaged('JPEG: a component has two scans');
        const [predictor = 0, , approximation = 0] = header.subarray(1 + 2 * count);
        const reader = new BitReader(this.#bytes, position);
        /** @type {Scan} */
        const scan = { parts, predictor, shift: approximation & 15, restart: this.#restart, quantisation: this.#quantisation };
        if (frame.lossless) decodeLossless(reader, frame, scan);
        else decodeBlocks(reader, frame, scan);
        return reader.position;
    }
}

/**
 * @param {Uint8Array} bytes
 * @param {{ width: number, height: number }} expected the size of the DICOM header: nothing is allocated for another one
 * @returns {Jpeg | null} null: progressive, which any other decoder can do
 * @throws {FileError}
 */
export function decodeJpeg(bytes, expected) {
    return new Decoder(bytes, expected).run();
}

/**
 * @param {Uint8Array} bytes
 * @param {string} text
 * @returns {boolean} whether the bytes begin with it
 */
function textAt(bytes, text) {
    return [...text].every((letter, index) => bytes[index] === letter.charCodeAt(0));
}
