/** The target of the DICOM fuzzer: the page's reader, with its library and decoder. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import vm from 'node:vm';
import { Sonomask, SonomaskError } from '../../../wasm/sonomask.js';
import { openDicom } from '../../../web/input/dicom.js';
import { SourceError } from '../../../web/input/source.js';
import { ROOT } from '../support/project.js';

const LIBRARY = path.join(ROOT, 'node_modules/dicom-parser/dist/dicomParser.min.js');
const MOST_FRAMES = 4;

// Like a script of the page: without `module`, the library defines a global name.
vm.runInThisContext(await readFile(LIBRARY, 'utf8'), { filename: LIBRARY });

const decoder = await Sonomask.load({ weights: null });
const engine = /** @type {import('../../../web/engine/engine.js').Engine} */ (/** @type {unknown} */ ({ pool: decoder }));

/** Node has neither ImageData nor createImageBitmap. This one checks its parameters. */
class FakeImageData {
    /**
     * @param {Uint8ClampedArray} data
     * @param {number} width
     * @param {number} height
     */
    constructor(data, width, height) {
        if (data.length !== 4 * width * height) throw new TypeError(`${data.length} bytes for ${width} × ${height} pixels`);
    }
}
Object.assign(globalThis, { ImageData: FakeImageData, createImageBitmap: (/** @type {unknown} */ image) => Promise.resolve(image) });

/** @param {string} url of a script */
export const covers = url => /web\/input\/(dicom|still)|dicomParser/.test(url);

/**
 * @param {unknown} error
 * @returns {boolean} whether it is one of the reader's own errors
 */
function isExpected(error) {
    if (error instanceof SourceError) return /^problem\.(dicom-|image-too-large)/.test(error.problem.key);
    return error instanceof SonomaskError && error.code.startsWith('image-');
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes of a file
 * @throws any error that is not one of the reader's own
 */
export async function run(bytes) {
    try {
        const source = await openDicom(new Blob([bytes]), engine);
        if (!(source.frameCount >= 1) || !(source.framesPerSecond >= 0 && source.framesPerSecond <= 120)) throw new TypeError('frames');
        if (source.scales.some(({ millimetres }) => !(millimetres > 0 && millimetres < Infinity))) throw new TypeError('scales');
        const frames = new Set([0, 1, source.frameCount >> 1, source.frameCount - 1].filter(frame => frame < source.frameCount).slice(0, MOST_FRAMES));
        for (const frame of frames) {
            const { data, width, height } = /** @type {import('../../../wasm/sonomask.js').RawImage} */ (await source.input(frame));
            if (![1, 3, 4].includes(data.length / (width * height))) throw new TypeError(`${data.length} bytes for ${width} × ${height} pixels`);
            await source.picture(frame);
        }
        source.close();
    } catch (error) {
        if (!isExpected(error)) throw error;
    }
}
