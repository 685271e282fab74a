/** RLE of DICOM PS3.5, annex G. */

const HEADER_BYTES = 64;

/**
 * A header with the offsets of the segments, each a plane of bytes in PackBits.
 * @param {Uint8Array} bytes of one frame
 * @param {number} pixels
 * @param {number} planes samples per pixel times bytes per sample
 * @returns {Uint8Array | null} the planes one after the other; null when damaged
 */
export function decodeRle(bytes, pixels, planes) {
    // Two bytes of PackBits give 128 at most, so a small file with a large size is refused before anything is allocated.
    if (bytes.length - HEADER_BYTES < (pixels * planes) / 64) return null;
    const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
    if (header.getUint32(0, true) !== planes) return null;
    const output = new Uint8Array(pixels * planes);
    for (let plane = 0; plane < planes; plane++) {
        const start = header.getUint32(4 + 4 * plane, true);
        const end = plane + 1 < planes ? header.getUint32(8 + 4 * plane, true) : bytes.length;
        if (start < HEADER_BYTES || end > bytes.length || start > end) return null;
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
