/** sonomask alone: time per layer against the processor's peak, and time against image size and threads. */
import { NETWORK, SIZE, readModel } from '../lib/models.js';
import { timeSizes } from '../lib/compare.js';
import { spread } from '../lib/pairs.js';
import { progress, sonomaskBench } from '../lib/project.js';

const SIZES = [128, 192, 256, 320, 384, 448, 512];
const THREADS = [1, 2];
const ROUNDS = 5;
/** @type {Record<string, number>} percent */
const TARGETS = { wasm: 8, 'native, 1 thread': 10 };

/** @type {import('../bench.js').Section} */
export async function layers(results, effort) {
    progress('time per layer');
    for (const network of [NETWORK, 'sonomask']) {
        const found = await sonomaskBench(['--net', network, '--size', String(SIZE), '--seconds', String(effort.seconds)]);
        results.tables.push({
            title: `${network} ${SIZE}x${SIZE}, native, 1 thread, ${found.kernels} kernels: ${found.milliseconds.toFixed(2)} ms, ` +
                `${found.gflops.toFixed(0)} GFLOP/s; measured peak ${found.peak_gflops.toFixed(0)} ` +
                '(counted as direct convolution; Winograd needs fewer operations, so shares may exceed 100 %)',
            columns: ['layer', 'ms', 'GFLOP/s', '% of peak'],
            rows: found.layers.map((/** @type {any} */ { name, forward_ms: milliseconds, gflops }) =>
                [name, milliseconds.toFixed(3), gflops.toFixed(1), ((100 * gflops) / found.peak_gflops).toFixed(0)]),
        });
    }
}

/**
 * The largest deviation from proportionality to the number of pixels, relative to the largest size.
 * @param {number[]} perPixel
 * @returns {number} percent
 */
function departure(perPixel) {
    return 100 * (Math.max(...perPixel) / Math.min(...perPixel) - 1);
}

/** @type {import('../bench.js').Section} */
export async function sizes(results, effort) {
    progress('time against image size, wasm');
    const wasm = await timeSizes(readModel, { network: NETWORK, sizes: SIZES, effort });
    /** @type {Map<string, number[]>} */
    const times = new Map([['wasm', wasm.map(({ milliseconds }) => spread(milliseconds).median)]]);
    for (const threads of THREADS) {
        /** @type {number[][]} */
        const rounds = SIZES.map(() => []);
        for (let round = 0; round < ROUNDS; round++) {
            progress(`time against image size, native, ${threads} threads, round ${round + 1} of ${ROUNDS}`);
            for (const [index, size] of SIZES.entries()) {
                const { milliseconds } = await sonomaskBench(['--net', NETWORK, '--size', String(size), '--threads', String(threads),
                    '--seconds', String(effort.seconds / ROUNDS / SIZES.length)]);
                rounds[index]?.push(milliseconds);
            }
        }
        times.set(`native, ${threads} thread${threads > 1 ? 's' : ''}`, rounds.map(values => spread(values).median));
    }
    const nanoseconds = (/** @type {number} */ milliseconds, /** @type {number} */ size) => (1e6 * milliseconds) / size ** 2;
    results.tables.push({
        title: `${NETWORK}: milliseconds (and nanoseconds per pixel) against image size`,
        columns: ['size', ...times.keys()],
        rows: SIZES.map((size, index) => [`${size}x${size}`, ...[...times.values()].map(values => {
            const milliseconds = values[index] ?? NaN;
            return `${milliseconds.toFixed(2)} (${nanoseconds(milliseconds, size).toFixed(0)})`;
        })]),
    });
    for (const [name, values] of times) {
        const perPixel = SIZES.map((size, index) => nanoseconds(values[index] ?? NaN, size));
        results.measures.push({ what: `time per pixel, slowest against fastest size, ${name}`, value: departure(perPixel), unit: '%',
            target: TARGETS[name] ?? null });
    }
}
