/** An open image: segmented once, then corrected with clicks and a box. The same class serves Sonomask and SonomaskPool. */
import { checkedOptions } from './check.js';
import { SonomaskError } from './error.js';

/**
 * @typedef {import('./sonomask.js').ModelInfo} ModelInfo
 * @typedef {import('./sonomask.js').Prompts} Prompts
 * @typedef {import('./sonomask.js').RefineOptions} RefineOptions
 * @typedef {import('./sonomask.js').Segmentation} Segmentation
 * @typedef {import('./sonomask.js').SegmentOptions} SegmentOptions
 */

/**
 * Pixels that nobody else changes.
 * @typedef {object} Pixels
 * @property {Uint8Array | Uint8ClampedArray} data
 * @property {number} width
 * @property {number} height
 */

/**
 * What an open image needs of its Sonomask or SonomaskPool.
 * @typedef {object} ImageHost
 * @property {ModelInfo} info
 * @property {(options: SegmentOptions) => Promise<Segmentation>} segment
 * @property {(prompts: Prompts, options: RefineOptions) => Promise<Segmentation>} refine
 * @property {() => void} close
 */

/**
 * Throws `no-model` or `no-prompts` when the weights cannot do what is asked.
 * @param {ModelInfo} info
 * @param {boolean} withPrompts
 */
export function requireNetwork({ network, takesPrompts }, withPrompts) {
    if (!network) throw new SonomaskError('no-model', 'this Sonomask was loaded without weights and cannot segment');
    if (withPrompts && !takesPrompts)
        throw new SonomaskError('no-prompts', `the weights of network ${network} take no clicks and no box`);
}

export class OpenImage {
    /** @type {ImageHost | null} null after close */
    #host;
    /** @type {number} */
    width;
    /** @type {number} */
    height;

    /**
     * @param {{ width: number, height: number }} size
     * @param {ImageHost} host
     */
    constructor({ width, height }, host) {
        if (!host) throw new SonomaskError('argument', 'make one with: await sonomask.open(input)');
        this.#host = host;
        this.width = width;
        this.height = height;
    }

    #open() {
        if (!this.#host) throw new SonomaskError('closed', 'this image has been closed');
        return this.#host;
    }

    /**
     * @param {SegmentOptions} [options]
     * @returns {Promise<Segmentation>}
     */
    async segment(options = {}) {
        return this.#open().segment(checkedOptions(options));
    }

    /**
     * @param {Prompts} prompts
     * @param {RefineOptions} [options]
     * @returns {Promise<Segmentation>}
     */
    async refine(prompts, options = {}) {
        const host = this.#open();
        requireNetwork(host.info, true);
        return host.refine(prompts, checkedOptions(options));
    }

    close() {
        this.#host?.close();
        this.#host = null;
    }
}
