/** DICOM SEG and SR of an image of the page. */
import { outlineNumbers } from '../../wasm/dicom/outlines.js';
import { measurementReport } from '../../wasm/dicom/report.js';
import { binarySegmentation, fractionalSegmentation } from '../../wasm/dicom/segmentation.js';
import { hasPrompts } from '../edit/prompts.js';
import { decodeRuns } from '../edit/runs.js';
import { answersOf, scaleFor } from '../state/item.js';
import { originsOf } from './origins.js';
import { regionOf } from './regions.js';

/**
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../../wasm/dicom/derived.js').Maker} Maker
 * @typedef {import('../../wasm/dicom/reference.js').Reference} Reference
 */

/** @typedef {{ seg: Uint8Array<ArrayBuffer>, sr: Uint8Array<ArrayBuffer> }} Derived */

/** The objects made last of an item, and what they were made of: a report refers to the segmentation that was saved before it. */
/** @type {WeakMap<Item, { parts: unknown[], derived: Derived }>} */
const last = new WeakMap();

/**
 * @param {Item} item with answers
 * @param {boolean} isAnonymous patient and study are not named
 * @param {import('../engine/engine.js').Engine} engine
 * @param {import('./provenance.js').Provenance} provenance
 * @param {(file: Blob, kind: 'reference' | 'reference-with-person') => Promise<any>} ask reads a file in the worker
 * @returns {Promise<Derived>}
 * @throws {Error} with `key` and `detail`, or `problem` with both
 */
export async function derivedOf(item, isAnonymous, { pool: { info: { version, network } } }, { weights_sha256: weights, reader }, ask) {
    /** @type {Reference} */
    const source = await ask(item.file, isAnonymous ? 'reference' : 'reference-with-person');
    /** @type {Maker} */
    const maker = { version, network, weights, reader };
    const answers = answersOf(item);
    const { type, birads, notes, words } = item.review;
    const parts = [JSON.stringify([maker, source, type, birads, notes, words, item.scales]), ...answers.flatMap(({ frame, result }) => [frame, result.runs, result.lesions])];
    const kept = last.get(item);
    if (kept && kept.parts.length === parts.length && kept.parts.every((part, index) => part === parts[index])) return kept.derived;
    checkFit(answers, source);
    const frames = answers.map(({ frame, result: { width, height, runs, lesions, edits } }) => {
        const numbers = outlineNumbers(decodeRuns(runs, width * height), width, lesions);
        const origins = originsOf(numbers, width, lesions.length, edits?.layer ?? null, edits !== null && hasPrompts(edits.prompts));
        return { frame, numbers, lesions: lesions.length, edited: edits?.any ?? false, origins };
    });
    const reported = answers.map(({ frame, result }, at) => ({
        frame,
        presence: result.presence,
        lesions: result.lesions.map((lesion, index) => {
            const { type: found, probabilities } = result.regions[regionOf(result, lesion)] ?? result;
            const scale = scaleFor(item, lesion.bbox);
            // A scale that the reader drew is none of the source's.
            return { ...lesion, type: found, probabilities, millimetres: scale?.origin === 'dicom' ? scale.millimetres : null, origin: frames[at]?.origins[index] };
        }),
    }));
    const seg = binarySegmentation(source, frames, maker);
    const derived = { seg: seg.file, sr: measurementReport(source, seg, reported, maker, { type, birads, notes, words }) };
    last.set(item, { parts, derived });
    return derived;
}

/**
 * @param {ReturnType<typeof answersOf>} answers
 * @param {Reference} source
 */
function checkFit(answers, source) {
    if (answers.some(({ frame, result }) => result.width !== source.width || result.height !== source.height || frame >= source.frameCount))
        throw Object.assign(new Error(), { key: 'problem.dicom-damaged', detail: 'picture and header differ in size or number of frames' });
}

/**
 * The probability of a lesion at each pixel, as the network gives it: painted edits are not in it.
 * @param {Item} item with answers
 * @param {boolean} isAnonymous patient and study are not named
 * @param {import('../engine/engine.js').Engine} engine
 * @param {import('./provenance.js').Provenance} provenance
 * @param {(file: Blob, kind: 'reference' | 'reference-with-person') => Promise<any>} ask reads a file in the worker
 * @param {(frame: number) => Promise<Float32Array>} mapOf
 * @returns {Promise<Uint8Array<ArrayBuffer>>} a fractional SEG of the answered frames
 * @throws {Error} with `key` and `detail`, or `problem` with both
 */
export async function fractionalOf(item, isAnonymous, { pool: { info: { version, network } } }, { weights_sha256: weights, reader }, ask, mapOf) {
    /** @type {Reference} */
    const source = await ask(item.file, isAnonymous ? 'reference' : 'reference-with-person');
    const answers = answersOf(item);
    checkFit(answers, source);
    const frames = [];
    for (const { frame, result: { edits } } of answers) {
        const levels = Uint8Array.from(await mapOf(frame), share => Math.round(255 * share));
        frames.push({ frame, levels, edited: edits !== null && hasPrompts(edits.prompts) });
    }
    return fractionalSegmentation(source, frames, { version, network, weights, reader }).file;
}
