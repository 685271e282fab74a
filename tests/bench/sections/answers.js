/** From file bytes to the answer: loading, first and later segmentations, corrections, and the native stages. */
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChromium } from '../lib/chromium.js';
import { exportModel } from '../lib/models.js';
import { spread } from '../lib/pairs.js';
import { MODELS, RESULTS, ROOT, SONOMASK, progress, run, sonomaskBench } from '../lib/project.js';
import { startServer } from '../page/server.js';

const ROUNDS = 7;
const RUNS = 25;
const WIDTH = 600, HEIGHT = 450;
/** One of them is the fastest that the engine can run. */
const WASM = ['sonomask.relaxed.wasm', 'sonomask.simd.wasm'];
const IMAGE = 'phantom.png';
const SHIPPED = 'shipped.safetensors';
/** The first generation of the network, for the ratio of the times: untrained, or the weights in the file BENCH_AGAINST. */
const FIRST = 'sonomask', FIRST_WEIGHTS = `${FIRST}.safetensors`;
const PROGRAM = fileURLToPath(new URL('../lib/answers_node.js', import.meta.url));

/** Targets in milliseconds. @type {Record<string, { load: number, first: number | null, steady: number | null, refine: number | null }>} */
const TARGETS = {
    Node: { load: 25, first: 55, steady: 19, refine: null },
    Chromium: { load: 40, first: null, steady: null, refine: 25 },
};
const NATIVE_TARGET = 7; // milliseconds
const SHARE_TARGET = 115; // percent: later segmentations against those of the first generation

/** Places the module, an image and weights where both the page and Node read them. */
async function prepare() {
    await exportModel(FIRST, ['--net', FIRST]);
    const against = process.env['BENCH_AGAINST'];
    if (against) await copyFile(against, path.join(MODELS, FIRST_WEIGHTS));
    for (const name of WASM) await copyFile(path.join(ROOT, 'wasm', name), path.join(MODELS, name));
    await copyFile(path.join(ROOT, 'weights/sonomask.safetensors'), path.join(MODELS, SHIPPED));
    const folder = path.join(RESULTS, 'phantom');
    await run(SONOMASK, ['phantom', '--out', folder, '--count', '1', '--width', String(WIDTH), '--height', String(HEIGHT)]);
    await copyFile(path.join(folder, 'images/phantom_0001.png'), path.join(MODELS, IMAGE));
}

/** @typedef {(weights: string) => Promise<import('../lib/answers.js').Answers>} Measure in a fresh process */

/**
 * @param {string} where
 * @param {import('../lib/results.js').Results} results
 * @param {Measure} measure
 */
async function rounds(where, results, measure) {
    /** @type {import('../lib/answers.js').Answers[]} */
    const shipped = [];
    const ratios = [];
    for (let round = 0; round < ROUNDS; round++) {
        progress(`${where}: loading and answers, round ${round + 1} of ${ROUNDS}`);
        const ours = await measure(SHIPPED);
        shipped.push(ours);
        ratios.push(ours.steady / (await measure(FIRST_WEIGHTS)).steady);
    }
    const median = (/** @type {(found: import('../lib/answers.js').Answers) => number} */ of) => spread(shipped.map(of)).median;
    const { load, first, steady, refine } = TARGETS[where] ?? { load: null, first: null, steady: null, refine: null };
    const size = `${WIDTH}x${HEIGHT} PNG, 1 thread`;
    results.measures.push(
        { what: `${where}: Sonomask.load from bytes`, value: median(found => found.load), unit: 'ms', target: load },
        { what: `${where}: first segment, ${size}`, value: median(found => found.first), unit: 'ms', target: first },
        { what: `${where}: later segment, ${size}`, value: median(found => found.steady), unit: 'ms', target: steady },
        { what: `${where}: later segment, share of the first generation's time, median of ${ROUNDS} pairs`, value: 100 * spread(ratios).median, unit: '%', target: SHARE_TARGET },
        { what: `${where}: refine by a click, ${size}`, value: median(found => found.refine ?? NaN), unit: 'ms', target: refine });
}

const optionsOf = (/** @type {string} */ weights) => ({ weights, image: IMAGE, runs: RUNS });

/** @type {import('../bench.js').Section} */
export async function answers(results) {
    await prepare();
    await rounds('Node', results, async weights => JSON.parse(await run(process.execPath, [PROGRAM, JSON.stringify(optionsOf(weights))])));
}

/** @type {import('../bench.js').Section} */
export async function answersInChromium(results) {
    await prepare();
    const server = await startServer(MODELS);
    try {
        const browser = await startChromium();
        try {
            await rounds('Chromium', results, async weights => {
                // A context of its own has a renderer process of its own.
                const context = await browser.newContext();
                const page = await context.newPage();
                await page.goto(server.address);
                await page.waitForFunction(() => 'bench' in window);
                const found = await page.evaluate(given => Reflect.get(window, 'bench').timeAnswers(given), optionsOf(weights));
                await context.close();
                return found;
            });
        } finally {
            await browser.close();
        }
    } finally {
        await server.close();
    }
}

/** @type {import('../bench.js').Section} */
export async function stages(results, effort) {
    progress('native: stages from image bytes to the answer');
    const found = await sonomaskBench(['--stages', '--seconds', String(effort.seconds)]);
    const image = `${found.width}x${found.height} PNG, native, 1 thread`;
    results.tables.push({
        title: `From image bytes to the answer: ${found.network} ${found.size}x${found.size}, ${image}; loading the weights ` +
            `${found.load_ms.toFixed(1)} ms, first image ${found.first_ms.toFixed(1)} ms`,
        columns: ['stage', 'ms', '% of an image'],
        rows: [...found.stages.map((/** @type {any} */ { name, milliseconds }) =>
            [name, milliseconds.toFixed(3), ((100 * milliseconds) / found.milliseconds).toFixed(1)]),
        ['write mask (PNG), extra', found.writing_ms.toFixed(3), '']],
    });
    results.measures.push({ what: `decode and segment, ${image}`, value: found.milliseconds, unit: 'ms', target: NATIVE_TARGET });
}
