/** Times loading, the first and later segmentations and corrections, from bytes. Runs in Node and in a page. */

/**
 * @typedef {object} Answers milliseconds
 * @property {number} load
 * @property {number} first the first segmentation after loading
 * @property {number} steady median of later ones
 * @property {number | null} refine median of corrections by one click; null for weights that take none
 */

/** Segmentations until the engine has compiled everything again. */
const WARM_UPS = 20;

/**
 * To be called once per process: the engine keeps its compiled code, and a second load would find it.
 * @param {import('./compare.js').Read} read
 * @param {{ weights: string, image: string, runs: number }} options names of files
 * @returns {Promise<Answers>}
 */
export async function timeAnswers(read, { weights, image, runs }) {
    const { ownWasm } = await import('../../../wasm/own-files.js');
    const wasm = /[^/]+$/.exec(ownWasm().pathname)?.[0] ?? '';
    const { Sonomask } = await import('../../../wasm/sonomask.js');
    const [moduleBytes, weightsBytes, imageBytes] = await Promise.all([wasm, weights, image].map(name => read(name)));
    const sources = { wasm: /** @type {Uint8Array} */ (moduleBytes), weights: /** @type {Uint8Array} */ (weightsBytes) };
    const file = /** @type {Uint8Array} */ (imageBytes);
    const timed = async (/** @type {() => Promise<unknown>} */ work) => {
        const start = performance.now();
        await work();
        return performance.now() - start;
    };
    const median = async (/** @type {() => Promise<unknown>} */ work) => {
        const times = [];
        for (let run = 0; run < runs; run++) times.push(await timed(work));
        return times.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? NaN;
    };
    const start = performance.now();
    const model = await Sonomask.load(sources);
    const load = performance.now() - start;
    const first = await timed(() => model.segment(file));
    for (let run = 0; run < WARM_UPS; run++) await model.segment(file);
    const steady = await median(() => model.segment(file));
    let refine = null;
    if (model.info.takesPrompts) {
        const open = await model.open(file);
        await open.segment();
        const click = { x: open.width / 2, y: open.height / 2, inside: true };
        for (let run = 0; run < WARM_UPS; run++) await open.refine({ clicks: [click] });
        refine = await median(() => open.refine({ clicks: [click] }));
        open.close();
    }
    model.dispose();
    return { load, first, steady, refine };
}
