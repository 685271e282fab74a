/** The lossless process of JPEG (ITU-T T.81, annex H): each sample is predicted from its neighbours. */
import { damaged } from './error.js';

/**
 * @typedef {import('./huffman.js').BitReader} BitReader
 * @typedef {import('./jpeg.js').JpegFrame} JpegFrame
 * @typedef {import('./jpeg.js').Scan} Scan
 */

/** By predictor: from the samples at the left, above, and above at the left. @type {((a: number, b: number, c: number) => number)[]} */
const PREDICTORS = [
    () => 0,
    a => a,
    (_, b) => b,
    (_, __, c) => c,
    (a, b, c) => a + b - c,
    (a, b, c) => a + ((b - c) >> 1),
    (a, b, c) => b + ((a - c) >> 1),
    (a, b) => (a + b) >> 1,
];

/**
 * @param {BitReader} reader
 * @param {JpegFrame} frame whose components of the scan get their planes
 * @param {Scan} scan
 */
export function decodeLossless(reader, { width, height, precision }, { parts, predictor, shift, restart }) {
    const predict = PREDICTORS[predictor];
    if (!predict || predictor === 0 || shift >= precision) throw damaged('JPEG: wrong predictor');
    if (restart % width !== 0) throw damaged('JPEG: a restart interval that is not whole rows');
    const rowsPerRestart = restart / width;
    const planes = parts.map(({ component, dc }) => {
        if (!dc) throw damaged('JPEG: a Huffman table is missing');
        const samples = precision > 8 ? new Uint16Array(width * height) : new Uint8Array(width * height);
        component.plane = samples;
        component.stride = width;
        return { samples, dc };
    });
    const middle = 1 << (precision - shift - 1);
    const mask = precision > 8 ? 0xffff : 0xff;
    for (let y = 0; y < height; y++) {
        const isFirst = restart > 0 ? y % rowsPerRestart === 0 : y === 0;
        if (isFirst && y > 0) reader.restart();
        for (let x = 0; x < width; x++)
            for (const { samples, dc } of planes) {
                const at = y * width + x;
                const size = dc.read(reader);
                if (size > 16) throw damaged('JPEG: wrong size of a difference');
                const difference = size === 16 ? 0x8000 : reader.signed(size);
                const left = x > 0 ? /** @type {number} */ (samples[at - 1]) >> shift : 0;
                let predicted;
                if (isFirst) predicted = x === 0 ? middle : left;
                else {
                    const above = /** @type {number} */ (samples[at - width]) >> shift;
                    predicted = x === 0 ? above : predict(left, above, /** @type {number} */ (samples[at - width - 1]) >> shift);
                }
                samples[at] = ((predicted + difference) << shift) & mask;
            }
    }
}
