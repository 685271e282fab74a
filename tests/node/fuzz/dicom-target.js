/** The target of the DICOM fuzzer: the reader with its libraries. */
import { Sonomask, SonomaskError } from '../../../wasm/sonomask.js';
import { FileError } from '../../../wasm/dicom/error.js';
import { libraries } from '../../../wasm/dicom/libraries-node.js';
import { readDicom } from '../../../wasm/dicom/read.js';

const MOST_FRAMES = 4;

const decoder = await Sonomask.load({ weights: null });
await libraries.parser(); // so that the first input does not pay for it

/** @param {string} url of a script */
export const covers = url => /wasm\/(dicom|vendor\/dicom-parser)/.test(url);

/**
 * @param {unknown} error
 * @returns {boolean} whether it is one of the reader's own errors
 */
function isExpected(error) {
    if (error instanceof FileError) return error.reason !== 'library' && error.reason !== 'tiff';
    return error instanceof SonomaskError && error.code.startsWith('image-');
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes of a file
 * @throws any error that is not one of the reader's own
 */
export async function run(bytes) {
    try {
        const { width, height, frameCount, framesPerSecond, regions, scales, frame } = await readDicom(bytes, libraries);
        if (!(frameCount >= 1) || !(framesPerSecond >= 0 && framesPerSecond <= 120)) throw new TypeError('frames');
        if (scales.some(({ millimetres }) => !(millimetres > 0 && millimetres < Infinity))) throw new TypeError('scales');
        if (regions.some(region => region.x + region.width > width || region.y + region.height > height)) throw new TypeError('regions');
        const frames = new Set([0, 1, frameCount >> 1, frameCount - 1].filter(index => index < frameCount).slice(0, MOST_FRAMES));
        for (const index of frames) {
            const decoded = await frame(index);
            const { data } = 'encoded' in decoded ? await decoder.decode(decoded.encoded) : decoded;
            if (!('encoded' in decoded) && ![1, 3].includes(data.length / (width * height)))
                throw new TypeError(`${data.length} bytes for ${width} × ${height} pixels`);
        }
    } catch (error) {
        if (!isExpected(error)) throw error;
    }
}
