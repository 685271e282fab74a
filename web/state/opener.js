/**
 * Opens the files of items and closes each after its last release: a DICOM file keeps all of its bytes in memory, and a
 * video one of the few players that a page may have.
 */
import { headOf, kindOf, openAs } from '../input/open.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../input/source.js').Source} Source
 * @typedef {import('./item.js').Item} Item
 */

export class Opener {
    /** @type {Map<Item, { opening: Promise<Source>, holders: number }>} */
    #open = new Map();

    /**
     * Every call needs one call of `release`, unless it fails.
     * @param {Item} item
     * @param {Engine} engine
     * @returns {Promise<Source>} the same for all callers
     */
    async open(item, engine) {
        const held = this.#open.get(item) ?? { opening: openFile(item, engine), holders: 0 };
        held.holders++;
        this.#open.set(item, held);
        try {
            const source = await held.opening;
            if (this.#open.get(item) === held) item.source = source;
            return source;
        } catch (error) {
            this.release(item);
            throw error;
        }
    }

    /** @param {Item} item */
    release(item) {
        const held = this.#open.get(item);
        if (!held || --held.holders > 0) return;
        this.#open.delete(item);
        item.source = null;
        held.opening.then(
            source => source.close(),
            () => undefined,
        );
    }
}

/**
 * @param {Item} item gets its kind even when it cannot be opened, because exports hide the names of DICOM files
 * @param {Engine} engine
 * @returns {Promise<Source>}
 */
async function openFile(item, engine) {
    const head = item.head ?? (await headOf(item.file));
    item.head = null;
    item.kind ??= kindOf(head);
    return openAs(item.kind, item.file, head, engine);
}
