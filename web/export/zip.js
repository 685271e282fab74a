/** Everything of the batch in one ZIP file. */
import { millimetresOf } from '../compare/summary.js';
import { checksumOf } from '../session/digest.js';
import { answersOf } from '../state/item.js';
import { decodeRuns } from '../state/masks.js';
import { toCoco } from './coco.js';
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
 * Writes one image at a time, so that the page stays responsive and shows the progress.
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
    const records = [];
    for (const [done, { item, name, frame, result }] of answers.entries()) {
        onProgress(done, answers.length);
        const stem = name.stem + frameEnding(item, frame);
        await checksumOf(item);
        const facts = { file: name.file, ...provenance, ...judgementOf(item, result) };
        const label = classOf(item, result);
        const outlines = engine.measurer.contours(decodeRuns(result.runs, result.width * result.height), result.width, result.height);
        records.push(recordOf(item, name, frame, result, provenance));
        add(`masks/${stem}_mask.png`, await maskPng(result, engine, facts));
        add(`classes/${stem}.png`, await classPng(item, result, engine, facts));
        add(`nifti/${stem}.nii.gz`, gzipSync(toNifti(classesOf(item, result), result.width, result.height, millimetresOf(item), facts)));
        add(`labelme/${stem}.json`, JSON.stringify(toLabelMe(name.file, result, outlines, label, facts), null, 1));
        add(`yolo/labels/${stem}.txt`, toYolo(result, outlines, label));
        const overlay = await painter.overlay(item, frame, result, name.hidden);
        add(`overlays/${stem}_overlay.png`, withText(new Uint8Array(await overlay.arrayBuffer()), 'sonomask', JSON.stringify(facts)));
    }
    add('results.json', JSON.stringify(records, null, 2));
    add('results.csv', toCsv(names, provenance));
    add('coco.json', JSON.stringify(toCoco(names, engine.measurer, provenance)));
    add('yolo/data.yaml', `# ${provenance.software}, ${provenance.date}\npath: .\ntrain: images\nval: images\nnames:\n${YOLO_CLASSES.map((each, index) => `  ${index}: ${each}\n`).join('')}`);
    add('provenance.json', JSON.stringify({ ...provenance, classes: { 1: 'benign', 2: 'malignant', 3: 'lesion of unknown type' } }, null, 2));
    zip.end();
    if (fault) throw fault;
    return new Blob(parts, { type: 'application/zip' });
}
