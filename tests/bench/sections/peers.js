/** sonomask against each peer on WebAssembly, one thread, in Node and in Chromium. */
import { startChromium } from '../lib/chromium.js';
import { compare } from '../lib/compare.js';
import { NETWORK, SIZE, readModel } from '../lib/models.js';
import { MODELS, progress, reason } from '../lib/project.js';
import { startServer } from '../page/server.js';

const WHAT = `${NETWORK} ${SIZE}x${SIZE}, 1 thread`;
/** Largest allowed difference of probabilities between engines that compute in float. */
const TOLERANCE = 1e-3;

/** @type {{ peer: string, engine: string, file: string, target: number, exact: boolean, note?: string,
 *     places: string[] }[]} */
const PEERS = [
    { peer: 'onnxruntime-web', engine: 'onnxruntime_web', file: `${NETWORK}.onnx`, target: 5.2, exact: true,
        places: ['Node', 'Chromium'] },
    { peer: 'tfjs-backend-wasm', engine: 'tfjs_wasm', file: `${NETWORK}.onnx`, target: 4.3, exact: true,
        places: ['Node', 'Chromium'] },
    { peer: 'LiteRT.js', engine: 'litert', file: `${NETWORK}.tflite`, target: 3.5, exact: true, places: ['Chromium'] },
    { peer: 'onnxruntime-web int8', engine: 'onnxruntime_web', file: `${NETWORK}.int8.onnx`, target: 2.8, exact: false,
        note: 'static QLinearConv, uint8 x int8; ', places: ['Node', 'Chromium'] },
];

/**
 * @param {string} where
 * @param {import('../lib/results.js').Results} results
 * @param {import('../lib/pairs.js').Effort} effort
 * @param {(contest: import('../lib/compare.js').Contest) => Promise<import('../lib/pairs.js').Pairs>} contend
 */
async function eachPeer(where, results, effort, contend) {
    for (const { peer, engine, file, target, exact, note = '', places } of PEERS) {
        if (!places.includes(where)) continue;
        progress(`${where}: ${peer}`);
        try {
            const { ours, peer: theirs, difference } = await contend({ engine, network: NETWORK, file, size: SIZE, effort });
            const worst = Math.max(difference.mask, difference.type);
            if (exact && !(worst <= TOLERANCE))
                throw new Error(`its probabilities differ from ours by ${worst.toExponential(1)}, so it does not run the same network`);
            results.compare({ where, what: WHAT, peer, target, note: `${note}differs by ${worst.toExponential(1)}` }, ours, theirs);
        } catch (error) {
            results.missing.push({ what: `${where}: ${peer}`, reason: reason(error) });
        }
    }
}

/** @type {import('../bench.js').Section} */
export function inNode(results, effort) {
    return eachPeer('Node', results, effort, contest => compare(readModel, contest));
}

/** @type {import('../bench.js').Section} */
export async function inChromium(results, effort) {
    const server = await startServer(MODELS);
    try {
        const browser = await startChromium();
        try {
            await eachPeer('Chromium', results, effort, async contest => {
                const page = await browser.newPage();
                try {
                    await page.goto(server.address);
                    await page.waitForFunction(() => 'bench' in window);
                    return await page.evaluate(given => Reflect.get(window, 'bench').compare(given), contest);
                } finally {
                    await page.close();
                }
            });
        } finally {
            await browser.close();
        }
    } finally {
        await server.close();
    }
}
