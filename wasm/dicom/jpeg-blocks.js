/**
 * The sequential process of JPEG with 8 or 12 bits. The inverse transform and the enlargement of colours are those of the
 * Independent JPEG Group's library (jidctint.c, jdsample.c), which DICOM toolkits use, so that the samples are the same.
 */
import { damaged } from './error.js';

/**
 * @typedef {import('./huffman.js').BitReader} BitReader
 * @typedef {import('./huffman.js').HuffmanTable} HuffmanTable
 * @typedef {import('./jpeg.js').JpegComponent} JpegComponent
 * @typedef {import('./jpeg.js').JpegFrame} JpegFrame
 * @typedef {import('./jpeg.js').Scan} Scan
 */

/** The place in a block of each number in the order of the file. */
const ZIGZAG = Uint8Array.of(
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63);

const block = new Int32Array(64);

/**
 * @param {BitReader} reader
 * @param {JpegFrame} frame whose components of the scan get their planes
 * @param {Scan} scan
 */
export function decodeBlocks(reader, frame, { parts, restart, quantisation }) {
    const { width, height, precision, mostAcross, mostDown } = frame;
    const unitsAcross = Math.ceil(width / (8 * mostAcross));
    const unitsDown = Math.ceil(height / (8 * mostDown));
    const work = parts.map(({ component, dc, ac }) => {
        const table = quantisation[component.table];
        if (!dc || !ac || !table) throw damaged('JPEG: a table is missing');
        const stride = unitsAcross * component.across * 8;
        const size = stride * unitsDown * component.down * 8;
        const plane = precision > 8 ? new Uint16Array(size) : new Uint8Array(size);
        component.plane = plane;
        component.stride = stride;
        return { component, plane, dc, ac, table, previous: 0 };
    });
    const [first] = work;
    if (!first) return;
    // A scan of one component has only the blocks that the image needs, one after the other.
    const single = work.length === 1;
    const across = single ? Math.ceil(first.component.width / 8) : unitsAcross;
    const down = single ? Math.ceil(first.component.height / 8) : unitsDown;
    let units = 0;
    for (let unitY = 0; unitY < down; unitY++)
        for (let unitX = 0; unitX < across; unitX++) {
            if (restart > 0 && units > 0 && units % restart === 0) {
                reader.restart();
                for (const part of work) part.previous = 0;
            }
            units++;
            for (const part of work) {
                const { component, plane } = part;
                const [blocksX, blocksY] = single ? [1, 1] : [component.across, component.down];
                for (let y = 0; y < blocksY; y++)
                    for (let x = 0; x < blocksX; x++) {
                        part.previous = readBlock(reader, part.dc, part.ac, part.table, part.previous);
                        transform(plane, ((unitY * blocksY + y) * component.stride + unitX * blocksX + x) * 8, component.stride, precision);
                    }
            }
        }
}

/**
 * @param {BitReader} reader
 * @param {HuffmanTable} dc
 * @param {HuffmanTable} ac
 * @param {Uint16Array} table of quantisation
 * @param {number} previous first number of the component's last block
 * @returns {number} that of this block
 */
function readBlock(reader, dc, ac, table, previous) {
    block.fill(0);
    const size = dc.read(reader);
    if (size > 16) throw damaged('JPEG: wrong size of a number');
    // 16 bits suffice for valid files; the limit keeps the products below 2^31 in others.
    const first = Math.max(-32768, Math.min(32767, previous + reader.signed(size)));
    block[0] = first * /** @type {number} */ (table[0]);
    for (let index = 1; index < 64; index++) {
        const code = ac.read(reader);
        const bits = code & 15;
        if (bits === 0) {
            if (code !== 0xf0) break;
            index += 15;
            continue;
        }
        index += code >> 4;
        if (index > 63) throw damaged('JPEG: a block is too long');
        block[/** @type {number} */ (ZIGZAG[index])] = reader.signed(bits) * /** @type {number} */ (table[index]);
    }
    return first;
}

const CONST_BITS = 13;
const line = new Int32Array(8);

/** The one-dimensional transform of `line`, in place, without the final division. */
function transformLine() {
    const [in0 = 0, in1 = 0, in2 = 0, in3 = 0, in4 = 0, in5 = 0, in6 = 0, in7 = 0] = line;
    const { imul } = Math;
    const even = imul(in2 + in6, 4433);
    const even2 = even - imul(in6, 15137);
    const even3 = even + imul(in2, 6270);
    const sum = (in0 + in4) << CONST_BITS;
    const difference = (in0 - in4) << CONST_BITS;
    const z5 = imul(in7 + in3 + in5 + in1, 9633);
    const z1 = imul(in7 + in1, -7373);
    const z2 = imul(in5 + in3, -20995);
    const z3 = imul(in7 + in3, -16069) + z5;
    const z4 = imul(in5 + in1, -3196) + z5;
    const odd0 = imul(in7, 2446) + z1 + z3;
    const odd1 = imul(in5, 16819) + z2 + z4;
    const odd2 = imul(in3, 25172) + z2 + z3;
    const odd3 = imul(in1, 12299) + z1 + z4;
    line[0] = sum + even3 + odd3;
    line[7] = sum + even3 - odd3;
    line[1] = difference + even2 + odd2;
    line[6] = difference + even2 - odd2;
    line[2] = difference - even2 + odd1;
    line[5] = difference - even2 - odd1;
    line[3] = sum - even3 + odd0;
    line[4] = sum - even3 - odd0;
}

/**
 * The inverse cosine transform of `block`.
 * @param {Uint8Array | Uint16Array} plane
 * @param {number} at of the block's first sample
 * @param {number} stride
 * @param {number} precision
 */
function transform(plane, at, stride, precision) {
    const extra = precision > 8 ? 1 : 2;
    const half = 1 << (CONST_BITS - extra - 1);
    for (let x = 0; x < 8; x++) {
        for (let y = 0; y < 8; y++) line[y] = /** @type {number} */ (block[8 * y + x]);
        transformLine();
        for (let y = 0; y < 8; y++) block[8 * y + x] = (/** @type {number} */ (line[y]) + half) >> (CONST_BITS - extra);
    }
    const shift = CONST_BITS + extra + 3;
    const round = 1 << (shift - 1);
    const middle = 1 << (precision - 1);
    const most = (1 << precision) - 1;
    for (let y = 0; y < 8; y++) {
        for (let x = 0; x < 8; x++) line[x] = /** @type {number} */ (block[8 * y + x]);
        transformLine();
        for (let x = 0; x < 8; x++) {
            const value = ((/** @type {number} */ (line[x]) + round) >> shift) + middle;
            plane[at + y * stride + x] = value < 0 ? 0 : value > most ? most : value;
        }
    }
}

/**
 * The samples of a component for every pixel of the image.
 * @param {JpegComponent} component
 * @param {JpegFrame} frame
 * @returns {(y: number, row: Uint8Array | Uint16Array) => void} writes the samples of a row
 */
export function enlarged({ plane, stride, width, height, across, down }, { mostAcross, mostDown, width: fullWidth }) {
    const samples = /** @type {Uint8Array | Uint16Array} */ (plane);
    const timesX = mostAcross / across;
    const timesY = mostDown / down;
    const rowAt = (/** @type {number} */ y) => Math.max(0, Math.min(height - 1, y)) * stride;
    if (timesX === 2 && width > 2 && (timesY === 1 || timesY === 2)) {
        // Each pixel takes three quarters of the nearer sample and one of the farther, in each direction of reduction.
        const unit = timesY === 1 ? 1 : 4;
        const sums = new Int32Array(width);
        return (y, row) => {
            const near = rowAt(timesY === 1 ? y : y >> 1);
            const far = timesY === 1 ? near : rowAt((y >> 1) + (y % 2 === 0 ? -1 : 1));
            for (let x = 0; x < width; x++) {
                const nearer = /** @type {number} */ (samples[near + x]);
                sums[x] = timesY === 1 ? nearer : 3 * nearer + /** @type {number} */ (samples[far + x]);
            }
            const shift = timesY === 1 ? 2 : 4;
            const [roundLeft, roundRight] = timesY === 1 ? [1, 2] : [8, 7];
            for (let x = 0; x < width; x++) {
                const own = /** @type {number} */ (sums[x]);
                const left = x > 0 ? 3 * own + /** @type {number} */ (sums[x - 1]) + roundLeft : 4 * own + (unit === 1 ? 0 : 8);
                const right = x < width - 1 ? 3 * own + /** @type {number} */ (sums[x + 1]) + roundRight : 4 * own + (unit === 1 ? 0 : 7);
                row[2 * x] = left >> shift;
                if (2 * x + 1 < fullWidth) row[2 * x + 1] = right >> shift;
            }
        };
    }
    return (y, row) => {
        const from = rowAt(Math.floor(y / timesY));
        for (let x = 0; x < fullWidth; x++) row[x] = /** @type {number} */ (samples[from + Math.floor(x / timesX)]);
    };
}
