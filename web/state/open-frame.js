/** The frame in view, opened in the engine: a worker keeps its features, so that an answer to a click takes little time. */

/**
 * @typedef {import('../../wasm/sonomask.js').OpenImage} OpenImage
 * @typedef {import('../../wasm/sonomask.js').Segmentation} Segmentation
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('./item.js').Item} Item
 */

export class OpenFrame {
    /** @type {{ item: Item, frame: number, image: Promise<OpenImage> } | null} */
    #open = null;
    /** The last question to the network about the open frame. @type {{ image: OpenImage, key: string, answer: Promise<Segmentation> } | null} */
    #asked = null;

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

    /**
     * The network's answer to clicks and a box. One that was asked for last is not computed again: a click where the pointer
     * rests has its answer already, from the preview.
     * @param {Engine} engine
     * @param {Item} item whose source is open
     * @param {number} frame
     * @param {import('../../wasm/sonomask.js').Prompts} prompts
     * @param {import('../../wasm/sonomask.js').RefineOptions} options
     * @returns {Promise<Segmentation>} shared: it must not be changed
     */
    async refine(engine, item, frame, prompts, options) {
        const image = await this.get(engine, item, frame);
        const key = JSON.stringify([prompts, options]);
        if (this.#asked?.image !== image || this.#asked.key !== key) {
            const answer = image.refine(prompts, options);
            const mine = { image, key, answer };
            this.#asked = mine;
            answer.catch(() => {
                if (this.#asked === mine) this.#asked = null;
            });
        }
        return this.#asked.answer;
    }

    close() {
        this.#asked = null;
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
