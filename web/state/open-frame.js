/** The frame in view, opened in the engine: a worker keeps its features, so that an answer to a click takes little time. */

/**
 * @typedef {import('../../wasm/sonomask.js').OpenImage} OpenImage
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('./item.js').Item} Item
 */

export class OpenFrame {
    /** @type {{ item: Item, frame: number, image: Promise<OpenImage> } | null} */
    #open = null;

    /**
     * @param {Engine} engine
     * @param {Item} item whose source is open
     * @param {number} frame
     * @returns {Promise<OpenImage>} the same until another frame is asked for
     */
    get(engine, item, frame) {
        const open = this.#open;
        if (open?.item === item && open.frame === frame) return open.image;
        this.close();
        const image = openImage(engine, item, frame);
        const mine = { item, frame, image };
        this.#open = mine;
        image.catch(() => {
            if (this.#open === mine) this.#open = null;
        });
        return image;
    }

    close() {
        const open = this.#open;
        this.#open = null;
        open?.image.then(
            image => image.close(),
            () => undefined,
        );
    }
}

/**
 * @param {Engine} engine
 * @param {Item} item
 * @param {number} frame
 */
async function openImage({ pool }, item, frame) {
    const { source } = item;
    if (!source) throw new Error('the picture is not open');
    return pool.open(await source.input(frame));
}
