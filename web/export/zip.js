/** Everything of the batch in one ZIP file. */
import { answersOf } from '../state/item.js';
import { toCoco } from './coco.js';
import { frameEnding } from './names.js';
import { maskPng } from './pictures.js';
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
 * @param {(done: number, total: number) => void} onProgress
 * @returns {Promise<Blob>}
 */
export async function toZip(names, engine, painter, onProgress) {
    const { Zip, ZipDeflate, ZipPassThrough, strToU8 } = await warmZip();
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
    const records = [];
    for (const [done, { item, name, frame, result }] of answers.entries()) {
        onProgress(done, answers.length);
        const stem = name.stem + frameEnding(item, frame);
        records.push(recordOf(item, name, frame, result));
        add(`masks/${stem}_mask.png`, await maskPng(result, engine));
        const overlay = await painter.overlay(item, frame, result, name.hidden);
        add(`overlays/${stem}_overlay.png`, new Uint8Array(await overlay.arrayBuffer()));
    }
    add('results.json', JSON.stringify(records, null, 2));
    add('results.csv', toCsv(names));
    add('coco.json', JSON.stringify(toCoco(names, engine.measurer)));
    zip.end();
    if (fault) throw fault;
    return new Blob(parts, { type: 'application/zip' });
}
