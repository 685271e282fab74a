/** Training steps of the native program against PyTorch's: forward, losses, backward and AdamW, in turn. */
import { NETWORK } from '../lib/models.js';
import { progress, sonomaskBench } from '../lib/project.js';
import { pytorch } from '../lib/pytorch.js';

const TARGET = 2;
const ROUNDS = 5;
const BATCH = 8;
const THREADS = 2;
const SIZES = [128, 256];

/** @type {import('../bench.js').Section} */
export async function training(results, effort) {
    const seconds = Math.max(1, effort.seconds / ROUNDS);
    for (const size of SIZES) {
        const options = ['--size', String(size), '--batch', String(BATCH), '--threads', String(THREADS)];
        progress(`training at ${size}x${size}`);
        const theirs = await pytorch(['train', ...options]);
        /** @type {[number[], number[]]} */
        const times = [[], []];
        for (let round = 0; round < ROUNDS; round++) {
            const { milliseconds } = await sonomaskBench(['--train', '--net', NETWORK, ...options, '--seconds', String(seconds)]);
            times[0].push(milliseconds);
            times[1].push(await theirs(seconds));
        }
        const imagesPerSecond = times.map(values => (1000 * BATCH) / (values.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? NaN));
        results.compare({ where: 'native', what: `training ${NETWORK} ${size}x${size}, batch ${BATCH}, ${THREADS} threads`,
            peer: 'PyTorch channels_last', target: TARGET,
            note: imagesPerSecond.map(value => value.toFixed(1)).join(' against ').concat(' images/s') }, ...times);
    }
}
