/** The native program against onnxruntime-node and PyTorch: short alternating runs, one median per run. */
import { makeImage } from '../lib/image.js';
import { NETWORK, SIZE, readModel } from '../lib/models.js';
import { spread } from '../lib/pairs.js';
import { progress, reason, sonomaskBench } from '../lib/project.js';
import { pytorch } from '../lib/pytorch.js';

const TARGETS = [2.7, 2.4]; // with one and with two threads
const ROUNDS = 7;

/**
 * @param {number} threads
 * @returns {Promise<(seconds: number) => Promise<number>>} runs for that time and resolves to the median, milliseconds
 */
async function onnxruntime(threads) {
    const { default: ort } = await import('onnxruntime-node');
    const session = await ort.InferenceSession.create(await readModel(`${NETWORK}.onnx`),
        { intraOpNumThreads: threads, interOpNumThreads: 1, executionProviders: ['cpu'], graphOptimizationLevel: 'all' });
    const image = new ort.Tensor('float32', makeImage(SIZE), [1, 1, SIZE, SIZE]);
    return async seconds => {
        const times = [];
        for (const end = performance.now() + 1000 * seconds; times.length < 3 || performance.now() < end;) {
            const start = performance.now();
            await session.run({ image });
            times.push(performance.now() - start);
        }
        return spread(times).median;
    };
}

/** @type {import('../bench.js').Section} */
export async function native(results, effort) {
    const seconds = effort.seconds / ROUNDS;
    for (const threads of [1, 2]) {
        const what = `${NETWORK} ${SIZE}x${SIZE}, ${threads} thread${threads > 1 ? 's' : ''}`;
        const ours = async () => (await sonomaskBench(
            ['--net', NETWORK, '--size', String(SIZE), '--threads', String(threads), '--seconds', String(seconds)])).milliseconds;
        /** @type {{ peer: string, target: number | null, start: () => Promise<(seconds: number) => Promise<number>> }[]} */
        const peers = [
            { peer: 'onnxruntime-node', target: TARGETS[threads - 1] ?? null, start: () => onnxruntime(threads) },
            { peer: 'PyTorch channels_last', target: null, start: () => pytorch(['infer', '--threads', String(threads), '--size', String(SIZE)]) },
        ];
        for (const { peer, target, start } of peers) {
            progress(`native: ${peer}, ${threads} threads`);
            try {
                const theirs = await start();
                await theirs(seconds);
                /** @type {[number[], number[]]} */
                const times = [[], []];
                for (let round = 0; round < ROUNDS; round++) {
                    times[0].push(await ours());
                    times[1].push(await theirs(seconds));
                }
                results.compare({ where: 'native', what, peer, target }, ...times);
            } catch (error) {
                results.missing.push({ what: `native: ${peer}, ${threads} threads`, reason: reason(error) });
            }
        }
    }
}
