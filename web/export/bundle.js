/** Everything of the batch in one ZIP file. */
import { toCoco } from './coco.js';
import { maskPng, overlayPng } from './pictures.js';
import { recordOf } from './record.js';
import { toCsv } from './table.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../state/item.js').Item} Item
 */

/** fflate, once it is there. @type {Promise<typeof import('fflate')> | null} */
let library = null;

/** Loads the ZIP library ahead of need, so that exporting asks for nothing. */
export function warmZip() {
    // @ts-ignore: the server finds it in node_modules
    library ??= import('../vendor/fflate.js');
    library.catch(() => (library = null));
    return library;
}

/**
 * @param {Map<Item, string>} names
 * @param {Engine} engine
 * @returns {Promise<Blob>}
 */
export async function toZip(names, engine) {
    const { zipSync, strToU8 } = await warmZip();
    /** @type {Record<string, Uint8Array | [Uint8Array, { level: 0 }]>} */
    const files = {};
    const records = [];
    for (const [item, name] of names) {
        if (!item.result || item.state !== 'done') continue;
        records.push(recordOf(item, name));
        // PNG is compressed already.
        files[`masks/${name}_mask.png`] = [await maskPng(item.result, engine), { level: 0 }];
        const overlay = await overlayPng(item, engine);
        files[`overlays/${name}_overlay.png`] = [new Uint8Array(await overlay.arrayBuffer()), { level: 0 }];
    }
    files['results.json'] = strToU8(JSON.stringify(records, null, 2));
    files['results.csv'] = strToU8(toCsv(names));
    files['coco.json'] = strToU8(JSON.stringify(toCoco(names, engine.measurer)));
    return new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (zipSync(files))], { type: 'application/zip' });
}
