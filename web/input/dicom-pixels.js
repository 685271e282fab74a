/** Converts the pixel formats of DICOM to grey or RGB of 8 bits. */

const RLE_HEADER_BYTES = 64;

/**
 * RLE of DICOM PS3.5, annex G: a header with the offsets of the segments, each a plane of bytes in PackBits.
 * @param {Uint8Array} bytes of one frame
 * @param {number} pixels
 * @param {number} planes samples per pixel times bytes per sample
 * @returns {Uint8Array | null} the planes one after the other; null when damaged
 */
export function decodeRle(bytes, pixels, planes) {
    // Two bytes of PackBits give 128 at most, so a small file with a large size is refused before anything is allocated.
    if (bytes.length - RLE_HEADER_BYTES < (pixels * planes) / 64) return null;
    const header = new DataView(bytes.buffer, bytes.byteOffset, RLE_HEADER_BYTES);
    if (header.getUint32(0, true) !== planes) return null;
    const output = new Uint8Array(pixels * planes);
    for (let plane = 0; plane < planes; plane++) {
        const start = header.getUint32(4 + 4 * plane, true);
        const end = plane + 1 < planes ? header.getUint32(8 + 4 * plane, true) : bytes.length;
        if (start < RLE_HEADER_BYTES || end > bytes.length || start > end) return null;
        if (!unpack(bytes.subarray(start, end), output.subarray(plane * pixels, (plane + 1) * pixels))) return null;
    }
    return output;
}

/**
 * PackBits: a count, then that many bytes, or one byte to repeat.
 * @param {Uint8Array} from
 * @param {Uint8Array} to
 * @returns {boolean} whether `to` was filled
 */
function unpack(from, to) {
    let read = 0;
    let written = 0;
    while (written < to.length && read < from.length) {
        const count = /** @type {number} */ (from[read++]);
        if (count < 128) {
            const part = from.subarray(read, Math.min(read + count + 1, read + to.length - written));
            to.set(part, written);
            read += count + 1;
            written += part.length;
        } else if (count > 128) {
            const end = Math.min(to.length, written + 257 - count);
            to.fill(from[read++] ?? 0, written, end);
            written = end;
        }
    }
    return written === to.length;
}

/**
 * YCbCr of full range (ITU-R BT.601, as JPEG has it) to RGB, in place.
 * @param {Uint8Array} data three bytes per pixel
 */
export function ybrToRgb(data) {
    const clamped = new Uint8ClampedArray(data.buffer, data.byteOffset, data.length);
    for (let index = 0; index < data.length; index += 3) {
        const [y = 0, blue = 0, red = 0] = data.subarray(index, index + 3);
        clamped[index] = y + 1.402 * (red - 128);
        clamped[index + 1] = y - 0.344136 * (blue - 128) - 0.714136 * (red - 128);
        clamped[index + 2] = y + 1.772 * (blue - 128);
    }
}

/**
 * @param {Uint8Array | Uint16Array | Int16Array} values
 * @param {{ first: number, tables: [Uint8Array, Uint8Array, Uint8Array] }} palette
 * @returns {Uint8Array} RGB; values outside the palette take its first or last colour
 */
export function paletteToRgb(values, { first, tables }) {
    const output = new Uint8Array(values.length * 3);
    const last = tables[0].length - 1;
    values.forEach((/** @type {number} */ value, /** @type {number} */ index) => {
        const entry = Math.min(last, Math.max(0, value - first));
        output[index * 3] = tables[0][entry] ?? 0;
        output[index * 3 + 1] = tables[1][entry] ?? 0;
        output[index * 3 + 2] = tables[2][entry] ?? 0;
    });
    return output;
}

/**
 * @param {Uint8Array | Uint16Array | Int16Array} values
 * @param {{ low: number, high: number, inverted: boolean }} window the values that become black and white;
 *     exchanged when inverted
 * @returns {Uint8ClampedArray}
 */
export function toGrey(values, { low, high, inverted }) {
    const output = new Uint8ClampedArray(values.length);
    const factor = 255 / (high - low);
    values.forEach((/** @type {number} */ value, /** @type {number} */ index) => {
        const grey = (value - low) * factor;
        output[index] = inverted ? 255 - grey : grey;
    });
    return output;
}
