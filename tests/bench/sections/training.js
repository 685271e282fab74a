/**
 * Training steps (forward, losses, backward, AdamW) of the native program and of PyTorch, measured alternately, and the
 * cost of loading and augmentation: an epoch compared with the same steps on prepared batches.
 */
import { NETWORK, SIZE } from '../lib/models.js';
import { progress, sonomaskBench } from '../lib/project.js';
import { pytorch } from '../lib/pytorch.js';

const ROUNDS = 5;
const BATCH = 8;
const THREADS = 2;
const SIZES = [128, 256];
const TARGETS = [2.3, 2.6]; // by size
const OUTSIDE_TARGET = 5; // percent

/** @type {import('../bench.js').Section} */
export async function training(results, effort) {
    const seconds = Math.max(1, effort.seconds / ROUNDS);
    for (const [index, size] of SIZES.entries()) {
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
            peer: 'PyTorch channels_last', target: TARGETS[index] ?? NaN,
            note: imagesPerSecond.map(value => value.toFixed(1)).join(' against ').concat(' images/s') }, ...times);
    }
}

/** @type {import('../bench.js').Section} */
export async function loading(results, effort) {
    for (const [network, size] of /** @type {[string, number][]} */ ([...SIZES.map(side => [NETWORK, side]), ['sonomask', SIZE]])) {
        progress(`loading and augmentation, ${network} at ${size}x${size}`);
        const found = await sonomaskBench(['--train', '--loading', '--net', network, '--size', String(size), '--batch', String(BATCH),
            '--threads', String(THREADS), '--seconds', String(effort.seconds)]);
        const what = `share of a training epoch outside the network (loading, augmentation), ${network} ${size}x${size}, batch ${BATCH}, ` +
            `${THREADS} threads`;
        results.measures.push({ what: `${what}: against the same steps on prepared batches`, value: 100 * found.outside_share, unit: '%',
            target: OUTSIDE_TARGET });
        results.measures.push({ what: `${what}: by processor time`, value: 100 * found.processor_share, unit: '%', target: OUTSIDE_TARGET });
    }
}
