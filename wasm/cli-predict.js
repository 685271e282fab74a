/** A batch of images: segmented by several workers, written and printed in the order in which they were given. */
import path from 'node:path';
import { Derived } from './cli-derived.js';
import { makeWritable } from './cli-folder.js';
import { openPictures, scaleOf } from './cli-frames.js';
import { stopRequested } from './cli-interrupt.js';
import { jsonLine } from './cli-json.js';
import { checkReplaceable, writeOutput } from './cli-output.js';
import { drawOverlay } from './cli-overlay.js';
import { Progress } from './cli-progress.js';
import { naming, reasonOf } from './cli-reasons.js';

/** @type {Record<import('./sonomask.js').Warning, (result: import('./sonomask.js').Segmentation) => string>} */
const WARNINGS = {
    tinted: () => 'has a colour map: the answer is for the grey values behind it',
    overlay: ({ overlayShare }) => `colours cover ${Math.ceil(100 * overlayShare)} % of the scan: they were filled from their surroundings`,
    photograph: () => 'looks like a photograph of a screen, answered as one picture: check the region, give several, or use an exported image',
    views: ({ regions }) => `has ${regions.length} ultrasound pictures, each answered for itself; at most 4 are found`,
    'small-scan': () => 'the scan is less than a tenth of the image: check the region, or use an image of the scan alone',
    'no-scan': () => 'no ultrasound picture was found on this screen: give its place with --region',
};

/**
 * @typedef {import('./cli-frames.js').Pictures} Pictures
 * @typedef {import('./cli-inputs.js').Input} Input
 * @typedef {import('./cli-options.js').Request} Request
 * @typedef {import('./cli-prompts.js').PromptsByImage} PromptsByImage
 * @typedef {import('./sonomask.js').EncodedImage} EncodedImage
 * @typedef {import('./sonomask.js').RawImage} RawImage
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
 * A picture of a file, or (`pictures` is null) a file that cannot be opened, for the reason `answer` fails with.
 * @typedef {object} Task
 * @property {Input} input
 * @property {number} frame from 1 on
 * @property {Pictures | null} pictures
 * @property {Promise<Answer>} answer
 */

/**
 * @param {Engine} engine
 * @param {EncodedImage | RawImage} picture
 * @param {Prompts | undefined} prompts
 * @param {Request['settings']} settings
 * @returns {Promise<Segmentation>}
 */
async function segment(engine, picture, prompts, settings) {
    if (!prompts || (prompts.clicks?.length === 0 && !prompts.box)) return engine.segment(picture, settings);
    const started = performance.now();
    const image = await engine.open(picture);
    try {
        const result = await image.refine(prompts, settings);
        return { ...result, milliseconds: performance.now() - started };
    } finally {
        image.close();
    }
}

/**
 * @param {EncodedImage | RawImage} picture
 * @returns {picture is RawImage}
 */
const isRaw = (picture) => 'data' in picture && 'width' in picture;

/**
 * @param {Engine} engine
 * @param {Promise<EncodedImage | RawImage>} decoding
 * @param {Request} request
 * @param {Prompts | undefined} prompts
 * @returns {Promise<Answer>}
 */
async function answer(engine, decoding, { settings, overlay }, prompts) {
    const picture = await decoding;
    const result = await segment(engine, picture, prompts, settings);
    const { width, height } = result;
    const mask = await engine.encodePng(result.mask, width, height);
    if (!overlay) return { result, mask, overlay: null };
    const image = isRaw(picture)
        ? { ...picture, channels: picture.data.length / (width * height) }
        : await engine.decode(picture);
    const drawn = drawOverlay(/** @type {import('./sonomask.js').DecodedImage} */ (image), {
        lesions: await engine.contours(result.mask, width, height),
        possible: result.possibleMask ? await engine.contours(result.possibleMask, width, height) : [],
        regions: result.regions,
        prompts,
    });
    return { result, mask, overlay: await engine.encodePng(drawn, width, height) };
}

/**
 * All pictures, in order. A file is opened when its first picture is asked for.
 * @param {Engine} engine
 * @param {Input[]} inputs
 * @param {Request} request
 * @param {PromptsByImage} prompts
 * @returns {AsyncGenerator<Task, void>}
 */
async function* tasksOf(engine, inputs, request, prompts) {
    for (const input of inputs) {
        const ofFile = prompts.get(input.file);
        /** @type {Pictures} */
        let pictures;
        try {
            pictures = await openPictures(input);
            const last = Math.max(1, ...(ofFile?.keys() ?? []));
            if (last > pictures.count) throw new Error(`the prompts are for frame ${last}, and it has ${pictures.count}`);
        } catch (error) {
            yield { input, frame: 1, pictures: null, answer: failed(error) };
            continue;
        }
        const { settings } = request;
        const ofPictures = settings.regions || pictures.regions.length === 0 ? request : { ...request, settings: { ...settings, regions: pictures.regions } };
        for (let frame = 1; frame <= pictures.count; frame++) {
            const work = answer(engine, pictures.picture(frame - 1), ofPictures, ofFile?.get(frame));
            // Awaited later; until then its failure is not an unhandled rejection.
            work.catch(() => {});
            yield { input, frame, pictures, answer: work };
        }
    }
}

/**
 * @param {unknown} error
 * @returns {Promise<never>} whose failure is looked at later
 */
function failed(error) {
    const result = Promise.reject(error);
    result.catch(() => {});
    return result;
}

/**
 * @param {string} file
 * @param {number} frame
 * @param {number} count
 */
const labelOf = (file, frame, count) => (count > 1 ? `${file}: frame ${frame} of ${count}` : file);

/**
 * Writes the files of one picture and prints its line. The outputs are checked before the answer is looked at, so that their
 * faults come first.
 * @param {Task} task
 * @param {Request} request
 * @param {Map<string, string>} writers by mask: the image that it is of
 * @param {Derived | null} derived collects the answer
 * @param {Progress} progress
 */
async function deliver({ input: { file, stem }, frame, pictures, answer: pending }, { out, overlay, overwrite }, writers, derived, progress) {
    const count = pictures?.count ?? 1;
    const ending = count > 1 ? `_frame${String(frame).padStart(String(count).length, '0')}` : '';
    const start = path.join(out, stem) + ending;
    const maskFile = `${start}_mask.png`;
    const overlayFile = `${start}_overlay.png`;
    const other = writers.get(maskFile);
    if (other !== undefined) throw new Error(`its mask would overwrite that of ${other}, which has the same name`);
    await naming(maskFile, checkReplaceable(maskFile, overwrite));
    if (overlay) await naming(overlayFile, checkReplaceable(overlayFile, overwrite));
    const { result, mask, overlay: picture } = await pending;
    if (path.dirname(stem) !== '.') await naming(path.dirname(start), makeWritable(path.dirname(start)));
    if (picture) await naming(overlayFile, writeOutput(overlayFile, picture, overwrite));
    await naming(maskFile, writeOutput(maskFile, mask, overwrite));
    writers.set(maskFile, file);
    const source = { frame, frames: count, scaleOf: (/** @type {import('./sonomask.js').Lesion['bbox']} */ box) => scaleOf(pictures?.scales ?? null, box) };
    process.stdout.write(`${jsonLine(file, result, source)}\n`);
    derived?.add(frame - 1, result, source.scaleOf);
    for (const warning of result.warnings) progress.complain(`${labelOf(file, frame, count)}: ${WARNINGS[warning](result)}`);
    if (!result.looksLikeUltrasound)
        progress.complain(`${labelOf(file, frame, count)}: does not look like breast ultrasound (outlier score ` +
            `${Math.ceil(10 * result.outlierScore) / 10}, limit 1): do not rely on its result`);
}

/**
 * @param {Engine} engine
 * @param {Input[]} inputs
 * @param {Request} request
 * @param {PromptsByImage} prompts
 * @param {import('./dicom/derived.js').Maker | null} maker what derived DICOM objects name; null: none are asked for
 * @returns {Promise<{ failed: string[], done: number }>} files that failed, wholly or in part, and how many were finished
 *     before an interrupt
 */
export async function predictAll(engine, inputs, request, prompts, maker) {
    const progress = new Progress('predict', inputs.length);
    /** @type {Set<string>} */
    const faulty = new Set();
    /** @type {Map<string, string>} */
    const writers = new Map();
    /** Of the file in turn. @type {Derived | null} */
    let derived = null;
    /** By the UID of a source: its file. @type {Map<string, string>} */
    const sources = new Map();
    const tasks = tasksOf(engine, inputs, request, prompts);
    /** @type {Task[]} */
    const ahead = [];
    let isOver = false;
    let pictures = 0;
    let done = 0;
    while (!stopRequested()) {
        while (!isOver && ahead.length < AHEAD * request.threads) {
            const next = await tasks.next();
            if (next.done) isOver = true;
            else ahead.push(next.value);
        }
        const task = ahead.shift();
        if (!task) break;
        const { input: { file, stem }, frame } = task;
        const count = task.pictures?.count ?? 1;
        if (frame === 1) progress.extend(count - 1);
        if (frame === 1) derived = request.derived && maker && task.pictures && new Derived(path.join(request.out, stem), request.derived, maker);
        try {
            if (frame === 1) await derived?.check(writers, request.overwrite);
        } catch (error) {
            // The masks of the file are written all the same.
            derived = null;
            progress.complain(`${labelOf(file, frame, count)}: ${reasonOf(error)}`);
            faulty.add(file);
        }
        try {
            await deliver(task, request, writers, derived, progress);
        } catch (error) {
            progress.complain(`${labelOf(file, frame, count)}: ${reasonOf(error)}`);
            faulty.add(file);
        }
        try {
            if (frame === count && task.pictures) await derived?.write(file, task.pictures, { writers, sources }, request.overwrite);
        } catch (error) {
            progress.complain(`${file}: no DICOM SEG: ${reasonOf(error)}`);
            faulty.add(file);
        }
        pictures++;
        if (frame === count) done++;
        if (inputs.length > 1 || count > 1) progress.show(pictures, labelOf(file, frame, count));
    }
    progress.end();
    return { failed: [...faulty], done };
}
