/** Reads DICOM SEG and SR files, and finds the images that they are of. */
import { encodeRuns } from '../edit/runs.js';

/**
 * @typedef {import('../state/item.js').DrawnMask} DrawnMask
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../../wasm/dicom/read-derived.js').ReadDerived} ReadDerived
 * @typedef {import('../../wasm/dicom/reference.js').Reference} Reference
 * @typedef {import('../../wasm/dicom/report.js').Judgement} Judgement
 */

/**
 * @typedef {object} Read
 * @property {Map<Item, DrawnMask>} masks of the frames in view
 * @property {Map<Item, Judgement>} judgements
 * @property {string[]} unknown identifiers of images that are not in the list, or several times with different content
 * @property {number} otherFrames masks of frames that are not in view
 * @property {{ name: string, error: unknown }[]} problems files that cannot be read
 */

/**
 * @param {File[]} files
 * @param {Item[]} items DICOM images
 * @param {(file: Blob, kind: 'derived' | 'reference') => Promise<any>} ask reads a file in the worker
 * @returns {Promise<Read>}
 */
export async function readDerivedFiles(files, items, ask) {
    /** @type {Map<string, Item[]>} */
    const byInstance = new Map();
    for (const item of items) {
        /** @type {Reference | null} */
        const reference = await ask(item.file, 'reference').catch(() => null);
        if (reference) byInstance.set(reference.sopInstance, [...(byInstance.get(reference.sopInstance) ?? []), item]);
    }
    /** @type {Read} */
    const read = { masks: new Map(), judgements: new Map(), unknown: [], otherFrames: 0, problems: [] };
    for (const file of files) {
        try {
            /** @type {ReadDerived | null} */
            const derived = await ask(file, 'derived');
            for (const { source, frame, width, height, mask } of derived?.masks ?? []) {
                const [item, ...twins] = byInstance.get(source) ?? [];
                if (!item || twins.length > 0) read.unknown.push(source);
                else if (item.frame !== frame) read.otherFrames++;
                else read.masks.set(item, { width, height, runs: encodeRuns(mask) });
            }
            if (derived?.judgement) {
                const [item, ...twins] = byInstance.get(derived.judgement.source) ?? [];
                if (!item || twins.length > 0) read.unknown.push(derived.judgement.source);
                else read.judgements.set(item, derived.judgement.judgement);
            }
        } catch (error) {
            read.problems.push({ name: file.name, error });
        }
    }
    read.unknown = [...new Set(read.unknown)];
    return read;
}
