/** Collects the results of a run of the bench. */
import { ratios, spread } from './pairs.js';

/**
 * @typedef {import('./pairs.js').Spread} Spread
 * @typedef {object} Comparison times are milliseconds, lower is better; the ratio is how many times as fast sonomask is
 * @property {string} where Node, Chromium, native
 * @property {string} what
 * @property {string} peer
 * @property {Spread} ours
 * @property {Spread} theirs
 * @property {Spread} ratio of pairs
 * @property {number} pairs
 * @property {number | null} target at least
 * @property {string} note
 * @typedef {{ what: string, value: number, unit: string, target: number | null }} Measure target: at most
 * @typedef {{ title: string, columns: string[], rows: (string | number)[][] }} Table
 * @typedef {{ what: string, reason: string }} Missing
 */

export class Results {
    /** @type {Comparison[]} */
    comparisons = [];
    /** @type {Measure[]} */
    measures = [];
    /** @type {Table[]} */
    tables = [];
    /** @type {Missing[]} */
    missing = [];

    /**
     * @param {{ where: string, what: string, peer: string, target?: number | null, note?: string }} names
     * @param {number[]} ours
     * @param {number[]} theirs
     */
    compare({ where, what, peer, target = null, note = '' }, ours, theirs) {
        this.comparisons.push({ where, what, peer, ours: spread(ours), theirs: spread(theirs), ratio: ratios(theirs, ours),
            pairs: ours.length, target, note });
    }
}
