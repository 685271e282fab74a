/**
 * The picture at the size in which it is shown. Without a graphics processor browsers take 20 ms and more to enlarge a picture
 * smoothly, so this is done once per view, not for every stroke of the brush.
 */
const NOTHING = { picture: null, key: '' };

export class Enlarged {
    #canvas = new OffscreenCanvas(1, 1);
    /** What the canvas shows. @type {{ picture: CanvasImageSource | null, key: string }} */
    #shown = NOTHING;

    /** The pixels of the picture have changed. */
    forget() {
        this.#shown = NOTHING;
    }

    /**
     * @param {CanvasImageSource} picture
     * @param {{ scale: number, x: number, y: number }} place in the pane
     * @param {{ width: number, height: number }} pane
     * @param {number} density pixels of the screen per unit of pane and place
     * @param {boolean} smooth
     * @returns {OffscreenCanvas} as large as the pane, in pixels of the screen
     */
    of(picture, { scale, x, y }, pane, density, smooth) {
        const width = Math.ceil(pane.width * density);
        const height = Math.ceil(pane.height * density);
        const key = [scale, x, y, width, height, density].join();
        const context = this.#canvas.getContext('2d');
        if (!context || (this.#shown.picture === picture && this.#shown.key === key)) return this.#canvas;
        if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.clearRect(0, 0, width, height);
        context.setTransform(scale * density, 0, 0, scale * density, x * density, y * density);
        context.imageSmoothingEnabled = smooth;
        context.imageSmoothingQuality = 'high';
        context.drawImage(picture, 0, 0);
        this.#shown = { picture, key };
        return this.#canvas;
    }
}
