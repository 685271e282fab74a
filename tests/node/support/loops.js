/** A loop that moves: an ellipse that drifts and grows over speckle, as DICOM. */
import { dicom, encapsulated, rle } from './dicom.js';

const RLE = '1.2.840.10008.1.2.5';

/**
 * @param {Buffer} still grey pixels of the first frame
 * @param {{ width: number, height: number }} size
 * @param {number} shift pixels to the right; what leaves on one side comes in on the other
 * @returns {Buffer}
 */
export function shifted(still, { width, height }, shift) {
    const frame = Buffer.alloc(still.length);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) frame[y * width + ((x + shift) % width)] = still[y * width + x] ?? 0;
    return frame;
}

/**
 * @param {object} loop
 * @param {Buffer} loop.still grey pixels
 * @param {{ width: number, height: number }} loop.size
 * @param {number} loop.frames
 * @param {number} [loop.rate] frames per second
 * @param {number[]} [loop.damaged] frames whose bytes are cut
 * @returns {Buffer} the still drifts by one pixel per frame; each frame is compressed by itself
 */
export function dicomLoop({ still, size, frames, rate = 25, damaged = [] }) {
    const packed = Array.from({ length: frames }, (_, frame) => {
        const bytes = rle([shifted(still, size, frame)]);
        return damaged.includes(frame) ? bytes.subarray(0, 70) : bytes;
    });
    return dicom({ ...size, frames, syntax: RLE, element: encapsulated(packed), more: [[0x0018, 0x1063, 'DS', String(1000 / rate)]] });
}

