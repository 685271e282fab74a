/** A batch of images: segmented by several workers, written and printed in the order in which they were given. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { stopRequested } from './cli-interrupt.js';
import { jsonLine } from './cli-json.js';
import { checkReplaceable, writeOutput } from './cli-output.js';
import { drawOverlay } from './cli-overlay.js';
import { Progress } from './cli-progress.js';
import { naming, reasonOf } from './cli-reasons.js';

/**
 * @typedef {import('./cli-options.js').Request} Request
 * @typedef {import('./sonomask.js').Prompts} Prompts
 * @typedef {import('./sonomask.js').Segmentation} Segmentation
 * @typedef {import('./sonomask.js').Sonomask | import('./sonomask.js').SonomaskPool} Engine
 */

/**
 * An answer and its output files, complete but not yet written.
 * @typedef {object} Answer
 * @property {Segmentation} result
 * @property {Uint8Array} mask PNG file
 * @property {Uint8Array | null} overlay PNG file
 */

/** Images that are read and segmented ahead of the one that is written, per thread. */
const AHEAD = 2;

/**
 * @param {Engine} engine
 * @param {Uint8Array} bytes
 * @param {Prompts | undefined} prompts
 * @param {Request['settings']} settings
 * @returns {Promise<Segmentation>}
 */
async function segment(engine, bytes, prompts, settings) {
    if (!prompts || (prompts.clicks?.length === 0 && !prompts.box)) return engine.segment(bytes, settings);
    const started = performance.now();
    const image = await engine.open(bytes);
    try {
        const result = await image.refine(prompts, settings);
        return { ...result, milliseconds: performance.now() - started };
    } finally {
        image.close();
    }
}

/**
 * @param {Engine} engine
 * @param {string} file
 * @param {Request} request
 * @param {Prompts | undefined} prompts
 * @returns {Promise<Answer>}
 */
async function answer(engine, file, { settings, overlay }, prompts) {
    const bytes = await readFile(file);
    const result = await segment(engine, bytes, prompts, settings);
    const { width, height } = result;
    const mask = await engine.encodePng(result.mask, width, height);
    if (!overlay) return { result, mask, overlay: null };
    const picture = drawOverlay(await engine.decode(bytes), {
        lesions: await engine.contours(result.mask, width, height),
        possible: result.possibleMask ? await engine.contours(result.possibleMask, width, height) : [],
        prompts,
    });
    return { result, mask, overlay: await engine.encodePng(picture, width, height) };
}

/**
 * Writes the files of one image and prints its line. The outputs are checked before the answer is looked at, so that their
 * faults come first.
 * @param {string} file
 * @param {Promise<Answer>} pending
 * @param {Request} request
 * @param {Map<string, string>} writers by mask: the image that it is of
 * @param {Progress} progress
 */
async function deliver(file, pending, { out, overlay, overwrite }, writers, progress) {
    const start = path.join(out, path.parse(file).name);
    const maskFile = `${start}_mask.png`;
    const overlayFile = `${start}_overlay.png`;
    const other = writers.get(maskFile);
    if (other !== undefined) throw new Error(`its mask would overwrite that of ${other}, which has the same name`);
    await naming(maskFile, checkReplaceable(maskFile, overwrite));
    if (overlay) await naming(overlayFile, checkReplaceable(overlayFile, overwrite));
    const { result, mask, overlay: picture } = await pending;
    if (picture) await naming(overlayFile, writeOutput(overlayFile, picture, overwrite));
    await naming(maskFile, writeOutput(maskFile, mask, overwrite));
    writers.set(maskFile, file);
    process.stdout.write(`${jsonLine(file, result)}\n`);
    if (!result.looksLikeUltrasound)
        progress.complain(`${file}: does not look like breast ultrasound (outlier score ` +
            `${Math.round(10 * result.outlierScore) / 10}, limit 1): do not rely on its result`);
}

/**
 * @param {Engine} engine
 * @param {Request} request
 * @param {Map<string, Prompts>} prompts by image
 * @returns {Promise<{ failed: string[], done: number }>} images that failed, and how many were begun before an interrupt
 */
export async function predictAll(engine, request, prompts) {
    const { files, threads } = request;
    const progress = new Progress('predict', files.length);
    /** @type {string[]} */
    const failed = [];
    /** @type {Map<string, string>} */
    const writers = new Map();
    /** @type {Promise<Answer>[]} */
    const pending = [];
    let done = 0;
    for (const [index, file] of files.entries()) {
        if (stopRequested()) break;
        while (pending.length < files.length && pending.length < index + AHEAD * threads) {
            const name = /** @type {string} */ (files[pending.length]);
            const work = answer(engine, name, request, prompts.get(name));
            // Awaited later; until then its failure is not an unhandled rejection.
            work.catch(() => {});
            pending.push(work);
        }
        try {
            await deliver(file, /** @type {Promise<Answer>} */ (pending[index]), request, writers, progress);
        } catch (error) {
            progress.complain(`${file}: ${reasonOf(error)}`);
            failed.push(file);
        }
        // The answer is not needed any more; its arrays are large.
        delete pending[index];
        done++;
        if (files.length > 1) progress.show(done, file);
    }
    progress.end();
    return { failed, done };
}
