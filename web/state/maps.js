/**
 * Probability maps of the frames looked at last. A map is four bytes a pixel, so only a few are kept; one that is gone
 * is computed again when its frame comes into view.
 */

const MOST_MAPS = 8;

export class MapCache {
    /** @type {Map<string, Float32Array>} the oldest first */
    #maps = new Map();

    /**
     * @param {{ id: number }} item
     * @param {number} frame
     * @returns {Float32Array | undefined}
     */
    get(item, frame) {
        const key = `${item.id}:${frame}`;
        const map = this.#maps.get(key);
        if (map) {
            this.#maps.delete(key);
            this.#maps.set(key, map);
        }
        return map;
    }

    /**
     * @param {{ id: number }} item
     * @param {number} frame
     * @param {Float32Array} map
     */
    set(item, frame, map) {
        const key = `${item.id}:${frame}`;
        this.#maps.delete(key);
        this.#maps.set(key, map);
        for (const oldest of this.#maps.keys()) {
            if (this.#maps.size <= MOST_MAPS) break;
            this.#maps.delete(oldest);
        }
    }
}
