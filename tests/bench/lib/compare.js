/** Compares one peer with sonomask. Runs in Node and in a page. */
import { makeImage } from './image.js';
import { runPairs } from './pairs.js';

/**
 * @typedef {object} Contest
 * @property {string} engine a file of ../engines
 * @property {string} network of ours
 * @property {string} file of the peer's
 * @property {number} size side of the input
 * @property {import('./pairs.js').Effort} effort
 */

/** @typedef {(name: string) => Promise<Uint8Array>} Read a file of the models' folder */

/**
 * @param {Read} read
 * @param {Contest} contest
 * @returns {Promise<import('./pairs.js').Pairs>}
 */
export async function compare(read, { engine, network, file, size, effort }) {
    const { create: createOurs } = await import('../engines/sonomask.js');
    const { create: createPeer } = await import(`../engines/${engine}.js`);
    const ours = await createOurs(read, { network, size });
    const peer = await createPeer(read, { file });
    try {
        return await runPairs(ours, peer, makeImage(size), effort);
    } finally {
        peer.close?.();
    }
}

/**
 * Throughput of several workers: each gets one image at the same time, and the next when all have finished. Measured
 * alternately with one worker.
 * @param {Read} read
 * @param {{ network: string, size: number, workers: number, effort: import('./pairs.js').Effort }} options
 * @returns {Promise<{ one: number[], several: number[] }>} milliseconds per image
 */
export async function compareWorkers(read, { network, size, workers, effort }) {
    const { SonomaskPool } = await import('../../../wasm/sonomask.js');
    const weights = await read(`${network}.safetensors`);
    const pools = await Promise.all([1, workers].map(count => SonomaskPool.load({ weights, size: count, idleMilliseconds: Infinity })));
    const image = { data: Uint8Array.from(makeImage(size), value => Math.round(127.5 * (value + 1))), width: size, height: size };
    const timed = async (/** @type {typeof pools[number]} */ pool) => {
        const start = performance.now();
        await Promise.all(Array.from({ length: workers }, () => pool.segment(image)));
        return (performance.now() - start) / workers;
    };
    /** @type {[number[], number[]]} */
    const times = [[], []];
    for (let round = 0; round < 2; round++) for (const pool of pools) await timed(pool);
    const end = performance.now() + 1000 * effort.seconds;
    while (times[0].length < effort.minimum || (times[0].length < effort.maximum && performance.now() < end))
        for (const [index, pool] of pools.entries()) times[index]?.push(await timed(pool));
    for (const pool of pools) pool.dispose();
    return { one: times[0], several: times[1] };
}

/**
 * Times sonomask at several input sizes, alternately.
 * @param {Read} read
 * @param {{ network: string, sizes: number[], effort: import('./pairs.js').Effort }} options
 * @returns {Promise<{ size: number, milliseconds: number[], memoryBytes: number }[]>}
 */
export async function timeSizes(read, { network, sizes, effort }) {
    const { create } = await import('../engines/sonomask.js');
    const runs = [];
    for (const size of sizes) {
        const engine = await create(read, { network, size });
        const image = makeImage(size);
        engine.run(image);
        engine.run(image);
        runs.push({ size, engine, image, milliseconds: /** @type {number[]} */ ([]), memoryBytes: engine.memoryBytes() });
    }
    const end = performance.now() + 1000 * effort.seconds;
    for (let round = 0; round < effort.minimum || (round < effort.maximum && performance.now() < end); round++) {
        for (const run of runs) {
            const start = performance.now();
            run.engine.run(run.image);
            run.milliseconds.push(performance.now() - start);
        }
    }
    return runs.map(({ size, milliseconds, memoryBytes }) => ({ size, milliseconds, memoryBytes }));
}
