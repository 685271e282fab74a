/** Everything of the batch in one ZIP file. */
import { millimetresOf } from '../compare/summary.js';
import { checksumOf } from '../session/digest.js';
import { answersOf } from '../state/item.js';
import { decodeRuns } from '../state/masks.js';
import { toCoco } from './coco.js';
import { framesOf } from './loops.js';
import { frameEnding } from './names.js';
import { withText } from './png-text.js';
import { judgementOf, classOf, provenanceOf } from './provenance.js';
import { toLabelMe, toYolo, YOLO_CLASSES } from './labelme.js';
import { toNifti } from './nifti.js';
import { classPng, classesOf, maskPng } from './pictures.js';
import { recordOf } from './record.js';
import { toCsv } from './table.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('./names.js').ExportName} ExportName
 * @typedef {import('./pictures.js').Painter} Painter
 */

/** fflate, once it is requested. @type {Promise<typeof import('fflate')> | null} */
let library = null;

/** Loads the ZIP library before it is needed, so that an export makes no request. */
export function warmZip() {
    // @ts-ignore: the server finds it in node_modules
    library ??= import('../vendor/fflate.js');
    library.catch(() => (library = null));
    return library;
}

/**
 * Writes a few images at a time, so that the page stays responsive and shows the progress.
 * @param {Map<Item, ExportName>} names
 * @param {Engine} engine
 * @param {Painter} painter
 * @param {string} reader
 * @param {(done: number, total: number) => void} onProgress
 * @returns {Promise<Blob>}
 */
export async function toZip(names, engine, painter, reader, onProgress) {
    const { Zip, ZipDeflate, ZipPassThrough, gzipSync, strToU8 } = await warmZip();
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const parts = [];
    /** @type {Error | null} */
    let fault = null;
    const zip = new Zip((error, part) => {
        if (error) fault = error;
        else parts.push(/** @type {Uint8Array<ArrayBuffer>} */ (part));
    });
    const add = (/** @type {string} */ name, /** @type {Uint8Array | string} */ content) => {
        // PNG files are already compressed.
        const entry = typeof content === 'string' ? new ZipDeflate(name) : new ZipPassThrough(name);
        zip.add(entry);
        entry.push(typeof content === 'string' ? strToU8(content) : content, true);
    };
    const answers = [...names].flatMap(([item, name]) => answersOf(item).map(answer => ({ item, name, ...answer })));
    const provenance = provenanceOf(engine, reader);
    /** @type {Record<string, unknown>[]} */
    const records = [];
    /** @type {(answer: (typeof answers)[number]) => Promise<[string, Uint8Array | string][]>} */
    const filesOf = async ({ item, name, frame, result }) => {
        const stem = name.stem + frameEnding(item, frame);
        const facts = { file: name.file, ...provenance, ...judgementOf(item, result) };
        const labelOf = (/** @type {import('../state/item.js').Lesion} */ lesion) => classOf(item, result, lesion);
        const overlay = painter.overlay(item, frame, result, name.hidden).then(async blob => new Uint8Array(await blob.arrayBuffer()));
        overlay.catch(() => undefined); // awaited below
        const masks = Promise.all([maskPng(result, engine, facts), classPng(item, result, engine, facts)]);
        masks.catch(() => undefined);
        const outlines = engine.measurer.contours(decodeRuns(result.runs, result.width * result.height), result.width, result.height);
        const nifti = gzipSync(toNifti(classesOf(item, result), result.width, result.height, millimetresOf(item), facts), { level: 1 });
        const [mask, classes] = await masks;
        return [
            [`masks/${stem}_mask.png`, mask],
            [`classes/${stem}.png`, classes],
            [`nifti/${stem}.nii.gz`, nifti],
            [`labelme/${stem}.json`, JSON.stringify(toLabelMe(name.image, result, outlines, labelOf, facts), null, 1)],
            [`yolo/labels/${stem}.txt`, toYolo(result, outlines, labelOf)],
            [`overlays/${stem}_overlay.png`, withText(await overlay, 'sonomask', JSON.stringify(facts))],
        ];
    };
    for (const item of names.keys()) await checksumOf(item);
    /** The loop whose frames are being written. @type {{ item: Item | null, release: () => void }} */
    const held = { item: null, release: () => undefined };
    /** @type {ReturnType<typeof filesOf>[]} */
    const ahead = [];
    let next = 0;
    try {
        for (const [done, { item, name, frame, result }] of answers.entries()) {
            onProgress(done, answers.length);
            if (held.item !== item && item.frameCount > 1) {
                const release = await painter.hold(item);
                held.release();
                Object.assign(held, { item, release });
            }
            // The workers encode the next pictures while this thread draws.
            while (ahead.length <= engine.pool.size && next < answers.length) {
                const begun = filesOf(/** @type {(typeof answers)[number]} */ (answers[next++]));
                begun.catch(() => undefined); // awaited in its turn
                ahead.push(begun);
            }
            records.push(recordOf(item, name, frame, result, provenance));
            for (const [file, content] of (await ahead.shift()) ?? []) add(file, content);
        }
    } finally {
        held.release();
    }
    add('results.json', JSON.stringify(records, null, 2));
    add('results.csv', toCsv(names, provenance));
    add('coco.json', JSON.stringify(toCoco(names, engine.measurer, provenance)));
    add('yolo/data.yaml', `# ${provenance.software}, ${provenance.date}\npath: .\ntrain: images\nval: images\nnames:\n${YOLO_CLASSES.map((each, index) => `  ${index}: ${each}\n`).join('')}`);
    add('provenance.json', JSON.stringify({ ...provenance, loops: loopsOf(names), classes: { 1: 'benign', 2: 'malignant', 3: 'lesion of unknown type' } }, null, 2));
    zip.end();
    if (fault) throw fault;
    return new Blob(parts, { type: 'application/zip' });
}

/** @param {Map<Item, ExportName>} names */
function loopsOf(names) {
    return [...names].filter(([item]) => item.frameCount > 1).map(([item, { file }]) => ({ file, ...framesOf(item) }));
}
