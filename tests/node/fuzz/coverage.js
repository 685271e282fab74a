/** Which blocks of some scripts ran, by the profiler of V8. */
import { Session } from 'node:inspector';

export class Coverage {
    #session = new Session();
    #filter;
    /** Every block that ever ran. @type {Set<string>} */
    #seen = new Set();

    /** @param {(url: string) => boolean} filter of the scripts that count */
    constructor(filter) {
        this.#filter = filter;
        this.#session.connect();
        this.#session.post('Profiler.enable');
        this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    }

    get size() {
        return this.#seen.size;
    }

    /** @returns {string[]} the blocks that ran since the last call and never before it; not yet counted as seen */
    takeNew() {
        /** @type {string[]} */
        const found = [];
        // A session of the same thread calls back before post returns.
        this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
            if (error) throw error;
            for (const { url, functions } of answer.result) {
                if (!this.#filter(url)) continue;
                for (const { ranges } of functions)
                    for (const { startOffset, endOffset, count } of ranges) {
                        const key = `${url}:${startOffset}-${endOffset}`;
                        if (count > 0 && !this.#seen.has(key)) found.push(key);
                    }
            }
        });
        return found;
    }

    /** @param {string[]} blocks that count as seen from now on */
    add(blocks) {
        for (const block of blocks) this.#seen.add(block);
    }
}
