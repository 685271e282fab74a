/**
 * Reads DICOM SEG and SR files, and finds the images that they are of. The masks become ground truth and, on request, the
 * outlines, in a loop those of the frames that the file is of; the judgements in reports those of the reader.
 */
import { apart, byFrame } from '../../wasm/dicom/frame-masks.js';
import { FileError } from '../../wasm/dicom/error.js';
import { encodeRuns } from '../edit/runs.js';
import { loopPanel } from '../loop/panel.js';

/**
 * @typedef {import('../state/item.js').DrawnMask} DrawnMask
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('./annotations.js').Annotated} Annotated
 * @typedef {import('../../wasm/dicom/frame-masks.js').FrameMask} FrameMask
 * @typedef {import('../../wasm/dicom/read-derived.js').ReadDerived} ReadDerived
 * @typedef {import('../../wasm/dicom/read-segmentation.js').ReadMask} ReadMask
 * @typedef {import('../../wasm/dicom/reference.js').Reference} Reference
 * @typedef {import('../../wasm/dicom/report.js').Judgement} Judgement
 */

/**
 * @typedef {object} Read
 * @property {Map<Item, Map<number, DrawnMask>>} masks by frame, from 0 on
 * @property {Map<Item, number>} loops images of several frames, with their number
 * @property {Map<Item, Judgement>} judgements
 * @property {string[]} silent names of reports without a judgement
 * @property {string[]} unknown identifiers of images that are not in the list, or several times with different content
 * @property {{ name: string, error: unknown }[]} problems files that cannot be read
 */

/**
 * @param {FrameMask} read
 * @returns {DrawnMask}
 */
function drawn(read) {
    const { width, height, mask } = read;
    const parts = apart(read);
    return { width, height, runs: encodeRuns(mask), ...(parts !== mask && { apart: encodeRuns(parts) }) };
}

/**
 * @param {File[]} files
 * @param {Item[]} items DICOM images
 * @param {(file: Blob, kind: 'derived' | 'reference') => Promise<any>} ask reads a file in the worker
 * @returns {Promise<Read>}
 */
async function readFiles(files, items, ask) {
    /** @type {Read} */
    const read = { masks: new Map(), loops: new Map(), judgements: new Map(), silent: [], unknown: [], problems: [] };
    /** @type {Map<string, Item[]>} */
    const byInstance = new Map();
    for (const item of items) {
        /** @type {Reference | null} */
        const reference = await ask(item.file, 'reference').catch(() => null);
        if (reference && reference.frameCount > 1) read.loops.set(item, reference.frameCount);
        if (reference) byInstance.set(reference.sopInstance, [...(byInstance.get(reference.sopInstance) ?? []), item]);
    }
    for (const file of files) {
        try {
            /** @type {ReadDerived | null} */
            const derived = await ask(file, 'derived');
            /** @type {Map<string, ReadMask[]>} */
            const bySource = new Map();
            for (const mask of derived?.masks ?? []) bySource.set(mask.source, [...(bySource.get(mask.source) ?? []), mask]);
            for (const [source, masks] of bySource) {
                const [item, ...twins] = byInstance.get(source) ?? [];
                if (!item || twins.length > 0) {
                    read.unknown.push(source);
                    continue;
                }
                const frames = read.masks.get(item) ?? new Map();
                for (const [frame, mask] of byFrame(masks, read.loops.get(item) ?? 1)) frames.set(frame, drawn(mask));
                read.masks.set(item, frames);
            }
            if (derived?.kind === 'SR' && !derived.judgement) read.silent.push(file.name);
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

/**
 * @param {Item} item
 * @param {import('../state/store.js').Store} store
 * @returns {Promise<boolean>} once its answer is there; false: it has none and does not wait for one
 */
async function isAnalysed(item, store) {
    while (store.items.includes(item) && (item.state === 'waiting' || item.state === 'running'))
        await new Promise(resolve => {
            for (const event of ['item', 'list']) store.addEventListener(event, resolve, { once: true });
        });
    return store.items.includes(item) && item.state === 'done';
}

/**
 * What the page does itself: its language, notices and kinds are no state of the late library.
 * @typedef {object} Page
 * @property {typeof import('../input/open.js').kindOfFile} kindOfFile
 * @property {typeof import('../ui/announce.js').notify} notify
 * @property {typeof import('../ui/announce.js').offer} offer
 * @property {typeof import('../panel/keep.js').reasonOf} reasonOf
 * @property {typeof import('../i18n/i18n.js').t} t
 * @property {(item: Item, mask: DrawnMask | Map<number, DrawnMask>) => void} giveTruth of a loop the masks by frame, from 0 on
 * @property {(given: Map<Item, Annotated>) => void} use makes the masks the outlines
 */

/**
 * @param {File[]} files
 * @param {import('../state/store.js').Store} store
 * @param {Page & { askOnce: (file: Blob, kind: 'derived' | 'reference') => Promise<any> }} page reads a file in the worker, too
 */
export async function addDerived(files, store, { askOnce, kindOfFile, notify, offer, reasonOf, t, giveTruth, use }) {
    const dicoms = [];
    for (const item of store.items) {
        item.kind ??= await kindOfFile(item.file).catch(() => null);
        if (item.kind === 'dicom' && item.file.size > 0) dicoms.push(item);
    }
    const { masks, loops, judgements, silent, unknown, problems } = await readFiles(files, dicoms, askOnce);
    for (const { name, error } of problems) notify(t('session.failed', { name, detail: error instanceof FileError ? t('problem.dicom-frames', { detail: error.detail }) : reasonOf(error) }), 'problem');
    for (const [item, { type, birads, notes, words: given }] of judgements) {
        // What the reader has stated in the page stays.
        const { review } = item;
        item.review = { ...review, type: review.type ?? type, birads: review.birads || birads, notes: review.notes || notes, words: { ...given, ...review.words } };
        store.changed(item);
    }
    /** @type {Map<Item, Annotated>} */
    const given = new Map();
    for (const [item, frames] of masks) {
        const mask = frames.get(0);
        // A loop has frames that a mask is not of.
        if (loops.has(item) || !mask) continue;
        given.set(item, { name: item.name, mask, type: null });
        giveTruth(item, mask);
    }
    const frames = [...masks].filter(([item]) => loops.has(item));
    for (const [item, each] of frames) giveTruth(item, each);
    const words = judgements.size > 0 ? [t('derived.judged', { count: judgements.size })] : [];
    if (silent.length > 0) words.push(t('derived.silent', { count: silent.length, name: silent[0] ?? '' }));
    if (given.size > 0 || (unknown.length > 0 && frames.length === 0)) words.push(t('annotations.read', { format: 'DICOM SEG', count: given.size }));
    if (unknown.length > 0) words.push(t('annotations.unknown', { count: unknown.length, name: unknown[0] ?? '' }));
    for (const [item, each] of frames) words.push(t('derived.frames', { name: item.name, count: each.size }));
    const run = async () => {
        if (given.size > 0) use(given);
        for (const [item, each] of frames) if (await isAnalysed(item, store)) await (await loopPanel).giveOutlines(item, each);
    };
    if (given.size > 0 || frames.length > 0) offer('annotations', words.join(' '), [{ label: t('annotations.use'), run: () => void run() }]);
    else if (words.length > 0) notify(words.join(' '), unknown.length > 0 ? 'problem' : 'plain');
}
