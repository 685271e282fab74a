/** Masks per second and the delay from the frame to its outline, over the last two seconds. Numbers only. */

const SPAN = 2000; // milliseconds

export class Meter {
    /** The oldest first. @type {{ at: number, delay: number }[]} */
    #masks = [];

    /**
     * @param {number} at milliseconds, when the outline was drawn
     * @param {number} taken when the camera took the frame, or the page got it
     */
    add(at, taken) {
        this.#masks.push({ at, delay: Math.max(0, at - taken) });
        while ((this.#masks[0]?.at ?? at) < at - SPAN) this.#masks.shift();
    }

    /** @returns {{ rate: number, delay: number }} masks per second, and the median delay in milliseconds; 0 without any */
    get now() {
        const [first] = this.#masks;
        const last = this.#masks.at(-1);
        if (!first || !last) return { rate: 0, delay: 0 };
        const seconds = (last.at - first.at) / 1000;
        const delays = this.#masks.map(({ delay }) => delay).sort((a, b) => a - b);
        return { rate: seconds > 0 ? (this.#masks.length - 1) / seconds : 0, delay: delays[Math.floor((delays.length - 1) / 2)] ?? 0 };
    }

    clear() {
        this.#masks = [];
    }
}
