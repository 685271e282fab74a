/**
 * Probability maps of the images viewed last. A map takes four bytes per pixel, so only a few are kept; others are computed
 * again when their image comes into view. Of the cine loop viewed last many frames are kept, because it plays repeatedly.
 */

const MOST_MAPS = 8;
const MOST_LOOP_BYTES = 64e6;

/** @typedef {{ id: number, frameCount: number }} Owner */

/**
 * @param {{ width: number, height: number }} frame
 * @returns {number} of how many frames of one loop the maps are kept
 */
export function loopMapsKept({ width, height }) {
    return Math.floor(MOST_LOOP_BYTES / (4 * width * height));
}

export class MapCache {
    /** @type {Map<string, Float32Array>} the oldest first */
    #stills = new Map();
    /** @type {Map<number, Float32Array>} of one loop, by frame, the oldest first */
    #loop = new Map();
    #loopOwner = -1;
    #loopBytes = 0;

    /**
     * @param {Owner} item
     * @param {number} frame
     * @returns {Float32Array | undefined}
     */
    get(item, frame) {
        if (item.frameCount > 1) return item.id === this.#loopOwner ? this.#loop.get(frame) : undefined;
        const key = `${item.id}:${frame}`;
        const map = this.#stills.get(key);
        if (map) {
            this.#stills.delete(key);
            this.#stills.set(key, map);
        }
        return map;
    }

    /**
     * @param {Owner} item
     * @param {number} frame
     * @param {Float32Array} map
     */
    set(item, frame, map) {
        if (item.frameCount > 1) {
            this.#setOfLoop(item, frame, map);
            return;
        }
        const key = `${item.id}:${frame}`;
        this.#stills.delete(key);
        this.#stills.set(key, map);
        for (const oldest of this.#stills.keys()) {
            if (this.#stills.size <= MOST_MAPS) break;
            this.#stills.delete(oldest);
        }
    }

    /**
     * @param {Owner} item
     * @param {number} frame
     * @param {Float32Array} map
     */
    #setOfLoop(item, frame, map) {
        if (item.id !== this.#loopOwner) {
            this.#loop.clear();
            this.#loopBytes = 0;
            this.#loopOwner = item.id;
        }
        this.#loopBytes += map.byteLength - (this.#loop.get(frame)?.byteLength ?? 0);
        this.#loop.delete(frame);
        this.#loop.set(frame, map);
        for (const [oldest, { byteLength }] of this.#loop) {
            if (this.#loopBytes <= MOST_LOOP_BYTES || oldest === frame) break;
            this.#loop.delete(oldest);
            this.#loopBytes -= byteLength;
        }
    }
}
