/** Synthetic image files of every format that the tests need. */
import { deflateSync } from 'node:zlib';

/** PNG colour types. */
export const GREY = 0;
export const RGB = 2;
export const PALETTE = 3;
export const GREY_ALPHA = 4;
export const RGBA = 6;

/** @type {Record<number, number>} */
const SAMPLES = { [GREY]: 1, [RGB]: 3, [PALETTE]: 1, [GREY_ALPHA]: 2, [RGBA]: 4 };

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    return value;
});

/**
 * CRC-32 as PNG uses it (Node's own came with 20.15).
 * @param {Uint8Array} bytes
 * @returns {number}
 */
function crc32(bytes) {
    let value = 0xffffffff;
    for (const byte of bytes) value = /** @type {number} */ (CRC_TABLE[(value ^ byte) & 255]) ^ (value >>> 8);
    return (value ^ 0xffffffff) >>> 0;
}

/**
 * @param {string} type
 * @param {Uint8Array} data
 * @returns {Buffer}
 */
function chunk(type, data) {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const result = Buffer.alloc(body.length + 8);
    result.writeUInt32BE(data.length, 0);
    body.copy(result, 4);
    result.writeUInt32BE(crc32(body), body.length + 4);
    return result;
}

/**
 * @param {object} image
 * @param {number} image.width
 * @param {number} image.height
 * @param {number} [image.colour] colour type
 * @param {8 | 16} [image.depth] bits per sample; 16-bit samples are big-endian in `data`
 * @param {Uint8Array} image.data rows without filter bytes
 * @param {Uint8Array} [image.palette] RGB triples
 * @param {Uint8Array} [image.exif] TIFF structure
 * @returns {Buffer<ArrayBuffer>} the file
 */
export function png({ width, height, colour = GREY, depth = 8, data, palette, exif }) {
    const stride = width * (SAMPLES[colour] ?? 0) * (depth / 8);
    const rows = Buffer.alloc(height * (stride + 1));
    for (let y = 0; y < height; y++) rows.set(data.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
    const header = Buffer.alloc(13);
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    header.set([depth, colour, 0, 0, 0], 8);
    return Buffer.concat([
        Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
        chunk('IHDR', header),
        ...(exif ? [chunk('eXIf', exif)] : []),
        ...(palette ? [chunk('PLTE', palette)] : []),
        chunk('IDAT', deflateSync(rows)),
        chunk('IEND', new Uint8Array()),
    ]);
}

/** Collects bits, with the zero byte that JPEG puts after 0xff. */
class BitWriter {
    /** @type {number[]} */
    bytes = [];
    #bits = 0;
    #count = 0;

    /**
     * @param {number} value
     * @param {number} count bits
     */
    write(value, count) {
        for (let bit = count - 1; bit >= 0; bit--) {
            this.#bits = (this.#bits << 1) | ((value >> bit) & 1);
            if (++this.#count < 8) continue;
            this.bytes.push(this.#bits);
            if (this.#bits === 0xff) this.bytes.push(0);
            this.#bits = 0;
            this.#count = 0;
        }
    }

    finish() {
        while (this.#count > 0) this.write(1, 1);
        return this.bytes;
    }
}

/**
 * A baseline JPEG whose 8x8 blocks are each of one value.
 * @param {object} image
 * @param {number} image.width
 * @param {number} image.height
 * @param {number} [image.components] 1 (grey) or 4 (CMYK as Adobe writes it)
 * @param {(x: number, y: number, component: number) => number} image.value of the block at that pixel, 0..255
 * @returns {Buffer<ArrayBuffer>} the file
 */
export function jpeg({ width, height, components = 1, value }) {
    const ids = Array.from({ length: components }, (_, index) => index + 1);
    /** @param {number} marker @param {number[]} body */
    const segment = (marker, body) => [0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255, ...body];
    const bits = new BitWriter();
    const previous = ids.map(() => 0);
    for (let y = 0; y < height; y += 8) {
        for (let x = 0; x < width; x += 8) {
            for (const [component] of ids.entries()) {
                // With a quantisation step of 8 the mean coefficient, 8 times the mean, is the mean itself.
                const level = Math.round(value(x, y, component)) - 128;
                const difference = level - (previous[component] ?? 0);
                previous[component] = level;
                const size = difference === 0 ? 0 : 32 - Math.clz32(Math.abs(difference));
                bits.write(size, 4); // all twelve sizes have codes of four bits
                bits.write(difference >= 0 ? difference : difference + (1 << size) - 1, size);
                bits.write(0, 1); // end of block
            }
        }
    }
    const sizes = Array.from({ length: 12 }, (_, index) => index);
    return Buffer.from([
        0xff, 0xd8,
        ...(components === 4 ? segment(0xee, [...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, 0]) : []),
        ...segment(0xdb, [0, ...Array(64).fill(8)]),
        ...segment(0xc0, [8, height >> 8, height & 255, width >> 8, width & 255, components,
            ...ids.flatMap((id) => [id, 0x11, 0])]),
        ...segment(0xc4, [0x00, 0, 0, 0, 12, ...Array(12).fill(0), ...sizes]),
        ...segment(0xc4, [0x10, 1, ...Array(15).fill(0), 0]),
        ...segment(0xda, [components, ...ids.flatMap((id) => [id, 0x00]), 0, 63, 0]),
        ...bits.finish(),
        0xff, 0xd9,
    ]);
}

/**
 * Grey pixels like a scan: speckle on a brightness that falls with depth, and a dark oval.
 * @param {number} width
 * @param {number} height
 * @param {number} [seed]
 * @returns {Uint8Array<ArrayBuffer>} [height][width]
 */
export function scan(width, height, seed = 1) {
    const pixels = new Uint8Array(width * height);
    let state = seed >>> 0;
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            const speckle = 0.5 + state / 2 ** 32;
            const inside = ((x / width - 0.5) / 0.2) ** 2 + ((y / height - 0.45) / 0.15) ** 2 < 1;
            pixels[y * width + x] = Math.min(255, speckle * (inside ? 30 : 140 - (60 * y) / height));
        }
    }
    return pixels;
}

/**
 * @param {number} width
 * @param {number} height
 * @param {number} [seed]
 * @returns {Buffer<ArrayBuffer>} the scan as a PNG file
 */
export function scanPng(width, height, seed) {
    return png({ width, height, data: scan(width, height, seed) });
}

/**
 * @param {Uint8Array} file a PNG
 * @param {number} width
 * @param {number} height
 * @returns {Buffer<ArrayBuffer>} the same file with a header that claims another size
 */
export function withSize(file, width, height) {
    const result = Buffer.from(file);
    result.writeUInt32BE(width, 16);
    result.writeUInt32BE(height, 20);
    result.writeUInt32BE(crc32(result.subarray(12, 29)), 29);
    return result;
}
