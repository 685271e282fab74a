/** Video files for Chromium's fake camera. */
import { shifted } from '../../node/support/loops.js';

/**
 * @param {Buffer} grey pixels
 * @param {{ width: number, height: number }} size even numbers
 * @param {number} frames
 * @param {number} rate frames per second
 * @returns {Buffer} YUV4MPEG2 without colour; the picture drifts to the right
 */
export function y4m(grey, size, frames, rate) {
    const chroma = Buffer.alloc((size.width * size.height) / 2, 128);
    const parts = Array.from({ length: frames }, (_, frame) => [Buffer.from('FRAME\n'), shifted(grey, size, frame), chroma]);
    return Buffer.concat([Buffer.from(`YUV4MPEG2 W${size.width} H${size.height} F${rate}:1 Ip A1:1 C420jpeg\n`), ...parts.flat()]);
}
