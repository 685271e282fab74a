/** The comparisons as in Node, called by the bench in the page, with models fetched from the server. */
import { timeAnswers } from '../lib/answers.js';
import { compare, compareWorkers, timeSizes } from '../lib/compare.js';

/** @type {import('../lib/compare.js').Read} */
async function read(name) {
    const response = await fetch(`/models/${name}`);
    if (!response.ok) throw new Error(`${name}: HTTP ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
}

Object.assign(window, {
    bench: {
        compare: compare.bind(null, read),
        compareWorkers: compareWorkers.bind(null, read),
        timeAnswers: timeAnswers.bind(null, read),
        timeSizes: timeSizes.bind(null, read),
    },
});
