/** Open images: corrections with clicks and a box, in Sonomask and in the pool. */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { OpenImage, Sonomask, SonomaskPool } from '../../wasm/sonomask.js';
import { scan, scanPng } from './support/images.js';
import { WEIGHTS, temporaryFolder } from './support/project.js';
import { makePromptWeights } from './support/prompts.js';

/** @typedef {import('../../wasm/sonomask.js').Prompts} Prompts */
/** @typedef {import('../../wasm/sonomask.js').Segmentation} Segmentation */

const [WIDTH, HEIGHT] = [120, 90];
const IMAGE = scanPng(WIDTH, HEIGHT);
const OTHER = scanPng(80, 100, 5);

/** @type {string} */
let folder;
/** @type {string} */
let weights;
/** @type {Sonomask} */
let sonomask;

before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sonomask-refine-'));
    weights = await makePromptWeights(folder);
    sonomask = await Sonomask.load({ weights });
});
after(async () => {
    sonomask.dispose();
    await rm(folder, { recursive: true });
});

/**
 * @param {number} x
 * @param {number} y
 * @returns {Prompts}
 */
const inside = (x, y) => ({ clicks: [{ x, y, inside: true }] });

/**
 * @param {number} x
 * @param {number} y
 * @returns {Prompts}
 */
const outside = (x, y) => ({ clicks: [{ x, y, inside: false }] });

/**
 * @param {Segmentation} result
 * @param {number} x
 * @param {number} y
 */
const maskAt = (result, x, y) => result.mask[Math.floor(y) * result.width + Math.floor(x)];

/** @param {Segmentation} result */
const timeless = (result) => ({ ...result, milliseconds: 0 });

/**
 * @param {Segmentation} result
 * @param {number} wanted value of the mask
 * @returns {[x: number, y: number]} the middle of a pixel of that value
 */
function pixelOf(result, wanted) {
    const index = result.mask.indexOf(wanted);
    assert.ok(index >= 0);
    return [(index % result.width) + 0.5, Math.floor(index / result.width) + 0.5];
}

describe('an open image', () => {
    test('a click inside adds an outline, one outside removes it', async () => {
        const image = await sonomask.open(IMAGE);
        assert.ok(image instanceof OpenImage);
        assert.deepEqual([image.width, image.height], [WIDTH, HEIGHT]);
        const first = await image.segment();
        assert.deepEqual(timeless(first), timeless(await sonomask.segment(IMAGE)));
        assert.equal(first.refined, false);
        const [x, y] = pixelOf(first, 0);
        const added = await image.refine(inside(x, y));
        assert.equal(added.refined, true);
        assert.equal(maskAt(added, x, y), 255);
        const [left, top] = pixelOf(first, 255);
        const removed = await image.refine(outside(left, top));
        assert.equal(maskAt(removed, left, top), 0);
        const both = await image.refine({ clicks: [{ x, y, inside: true }, { x: left, y: top, inside: false }] });
        assert.deepEqual([maskAt(both, x, y), maskAt(both, left, top)], [255, 0]);
        image.close();
    });

    test('the outline of the lesion in a box does not leave it', async () => {
        const image = await sonomask.open(IMAGE);
        const { lesions } = await image.refine({ box: { x: 40, y: 30, width: 30, height: 20 } });
        const within = lesions.filter(({ bbox }) =>
            bbox.x >= 40 && bbox.y >= 30 && bbox.x + bbox.width <= 70 && bbox.y + bbox.height <= 50);
        assert.ok(within.length >= 1);
        // Half of it is beside the image; the other half counts.
        assert.ok((await image.refine({ box: { x: -20, y: 0, width: 40, height: 30 } })).refined);
        image.close();
    });

    test('the answer depends on the image and the prompts alone', async () => {
        const image = await sonomask.open(IMAGE);
        const alone = timeless(await image.refine(inside(20, 20))); // without segment
        const plain = timeless(await image.segment());
        await image.refine(outside(60, 40));
        assert.deepEqual(timeless(await image.refine(inside(20, 20))), alone);
        assert.deepEqual(timeless(await image.refine({})), plain);
        assert.deepEqual(timeless(await image.refine({ clicks: [] })), plain);
        await image.segment({ flipAverage: true });
        assert.deepEqual(timeless(await image.refine({})), plain);
        assert.notDeepEqual(alone.probabilityMap, plain.probabilityMap);
        image.close();
    });

    test('several images may be open, and other calls may come in between', async () => {
        const one = await sonomask.open(IMAGE);
        const two = await sonomask.open({ data: scan(80, 100, 5), width: 80, height: 100 });
        const expectedOne = timeless(await one.refine(inside(20, 20)));
        const expectedTwo = timeless(await two.refine(inside(30, 70)));
        assert.equal(expectedTwo.width, 80);
        await one.segment();
        assert.deepEqual(timeless(await two.refine(inside(30, 70))), expectedTwo);
        assert.deepEqual(timeless(await one.refine(inside(20, 20))), expectedOne);
        const { mask } = await sonomask.segment(OTHER);
        assert.deepEqual(timeless(await one.refine(inside(20, 20))), expectedOne);
        sonomask.contours(mask, 80, 100);
        sonomask.measure(mask, 80, 100);
        await assert.rejects(sonomask.segment(Buffer.from('no image')), { code: 'image-format' });
        assert.deepEqual(timeless(await one.refine(inside(20, 20))), expectedOne);
        const [again, other] = await Promise.all([one.refine(inside(20, 20)), two.refine(inside(30, 70))]);
        assert.deepEqual([timeless(again), timeless(other)], [expectedOne, expectedTwo]);
        one.close();
        two.close();
    });

    test('keeps its own copy of the pixels', async () => {
        const data = scan(WIDTH, HEIGHT);
        const image = await sonomask.open({ data, width: WIDTH, height: HEIGHT });
        const expected = timeless(await image.segment());
        data.fill(0);
        await sonomask.segment(OTHER);
        assert.deepEqual(timeless(await image.segment()), expected);
        image.close();
    });

    test('the operating point decides which outlines count', async () => {
        const image = await sonomask.open(IMAGE);
        const all = await image.segment();
        const none = await image.segment({ operatingPoint: 0.8 });
        assert.deepEqual([all.operatingPoint?.kept, none.operatingPoint?.kept], [0.95, 0.8]);
        assert.ok(Math.abs((all.operatingPoint?.missedBound ?? 0) - 0.1) < 1e-6);
        assert.ok(all.lesions.length > 0 && all.possible.length === 0 && all.possibleMask === null);
        assert.equal(none.lesions.length, 0);
        assert.deepEqual(none.possible, all.lesions);
        assert.deepEqual(none.possibleMask, all.mask);
        assert.ok(none.mask.every((value) => value === 0));
        for (const { presence, margin } of all.lesions) assert.ok(presence > 0 && presence < 1 && margin > 0);
        assert.ok(all.presence > 0 && all.presence < 1);
        // An outline that the user asked for counts at every operating point.
        const [x, y] = pixelOf(all, 255);
        assert.equal(maskAt(await image.refine(inside(x, y), { operatingPoint: 0.8 }), x, y), 255);
        assert.deepEqual(sonomask.info.operatingPoints.map(({ kept }) => kept), [0.8, 0.9, 0.95]);
        image.close();
    });

    test('refuses wrong prompts and options with one line, and works afterwards', async () => {
        const image = await sonomask.open(IMAGE);
        const click = { x: 5, y: 5, inside: true };
        /** @type {[any, RegExp][]} */
        const wrong = [
            [undefined, /prompts must be an object/],
            [{ clicks: click }, /array/],
            [{ click: [click] }, /unknown field "click" in the prompts/],
            [{ clicks: [click, 7] }, /click 2 must be an object/],
            [{ clicks: [{ x: '5', y: 5, inside: true }] }, /click 1: x and y must be numbers/],
            [{ clicks: [{ x: 5, y: 5 }] }, /click 1: inside must be true or false/],
            [{ clicks: [click, { ...click, x: NaN }] }, /click 2 .*not a finite number/],
            [{ clicks: [{ ...click, y: Infinity }] }, /click 1 .*not a finite number/],
            [{ clicks: [{ ...click, x: -0.1 }] }, /click 1 .*outside/],
            [{ clicks: [click, { ...click, x: WIDTH }] }, /click 2 .*outside the image of 120 x 90/],
            [{ clicks: [click, { x: 5.9, y: 5.1, inside: false }] }, /clicks 1 and 2 are on the same pixel/],
            [{ clicks: Array(1001).fill(click) }, /1001 clicks/],
            [{ box: { x: 1, y: 1, width: 0, height: 5 } }, /no area/],
            [{ box: { x: 1, y: 1, width: 5 } }, /box: .*numbers/],
            [{ box: { x: 1, y: NaN, width: 5, height: 5 } }, /box .*not finite/],
            [{ box: { x: WIDTH, y: 1, width: 5, height: 5 } }, /box is outside/],
        ];
        for (const [prompts, message] of wrong) {
            await assert.rejects(image.refine(prompts), (/** @type {any} */ error) => {
                assert.equal(error.code, 'argument', error.message);
                assert.match(error.message, message);
                assert.doesNotMatch(error.message, /\n/);
                return true;
            });
        }
        /** @param {any} options */
        const refine = (options) => image.refine({ clicks: [click] }, options);
        await assert.rejects(refine({ operatingPoint: 0.85 }), { code: 'argument', message: /0\.8, 0\.9, 0\.95/ });
        await assert.rejects(refine({ threshold: 2 }), { code: 'argument' });
        await assert.rejects(refine({ signal: AbortSignal.abort() }), { code: 'aborted' });
        await assert.rejects(refine(null), { code: 'argument' });
        assert.equal(maskAt(await image.refine({ clicks: Array(1000).fill(click) }), 5, 5), 255);
        // Just inside: the nearest float of 4 bytes is the edge itself.
        assert.equal(maskAt(await image.refine(inside(WIDTH - 1e-12, HEIGHT - 1e-12)), WIDTH - 1, HEIGHT - 1), 255);
        image.close();
    });

    test('weights of the first generation segment, and say that they take no clicks', async () => {
        const old = await Sonomask.load({ weights: WEIGHTS });
        if (old.info.takesPrompts) return;
        const image = await old.open(IMAGE);
        const result = await image.segment();
        assert.equal(result.width, WIDTH);
        await assert.rejects(image.refine(inside(5, 5)), { code: 'no-prompts', message: /take no clicks/ });
        image.close();
        old.dispose();
    });

    test('after close and dispose nothing works', async () => {
        const own = await Sonomask.load({ weights });
        const closed = await own.open(IMAGE);
        const open = await own.open(IMAGE);
        closed.close();
        closed.close();
        await assert.rejects(closed.segment(), { code: 'closed' });
        await assert.rejects(closed.refine(inside(5, 5)), { code: 'closed' });
        own.dispose();
        await assert.rejects(open.segment(), { code: 'disposed' });
        await assert.rejects(open.refine(inside(5, 5)), { code: 'disposed' });
        await assert.rejects(own.open(IMAGE), { code: 'disposed' });
        open.close();
    });

    test('open refuses what is no image, and needs weights', async () => {
        await assert.rejects(sonomask.open(Buffer.from('no image')), { code: 'image-format' });
        await assert.rejects(sonomask.open(/** @type {any} */ ({ data: [1], width: 1, height: 1 })), { code: 'argument' });
        await assert.rejects(sonomask.open(IMAGE, { signal: AbortSignal.abort() }), { code: 'aborted' });
        const empty = await Sonomask.load({ weights: null });
        await assert.rejects(empty.open(IMAGE), { code: 'no-model' });
        empty.dispose();
        assert.throws(() => Reflect.construct(OpenImage, [{ width: 1, height: 1 }]), { code: 'argument' });
    });
});

/**
 * A worker script that also writes a line per call to a file: the method, and "+" when the pixels came with it.
 * @param {string} place folder
 * @returns {Promise<{ worker: string, calls: () => Promise<string[]> }>}
 */
async function loggingWorker(place) {
    const log = path.join(place, 'calls.txt');
    const worker = path.join(place, 'worker.mjs');
    appendFileSync(log, '');
    await writeFile(worker, `
        import { appendFileSync } from 'node:fs';
        import { parentPort } from 'node:worker_threads';
        await import(${JSON.stringify(new URL('../../wasm/worker.js', import.meta.url).href)});
        parentPort.on('message', ({ method, parameters }) => {
            if (method) appendFileSync(${JSON.stringify(log)}, method + (parameters[0]?.data ? '+' : '') + '\\n');
        });
    `);
    return { worker, calls: async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '') };
}

describe('an open image of the pool', () => {
    test('gives the answers of Sonomask; a worker gets its pixels once', async (context) => {
        const { worker, calls } = await loggingWorker(await temporaryFolder(context));
        const pool = await SonomaskPool.load({ weights, size: 2, worker });
        const image = await pool.open(new Blob([IMAGE]));
        assert.deepEqual([image.width, image.height], [WIDTH, HEIGHT]);
        const single = await sonomask.open(IMAGE);
        const segmented = image.segment();
        const all = [inside(20, 20), outside(60, 40), { box: { x: 10, y: 10, width: 50, height: 40 } }, {}];
        const results = await Promise.all(all.map((prompts) => image.refine(prompts, { threshold: 0.505 })));
        assert.deepEqual(timeless(await segmented), timeless(await single.segment()));
        for (const [index, prompts] of all.entries())
            assert.deepEqual(timeless(/** @type {Segmentation} */ (results[index])),
                timeless(await single.refine(prompts, { threshold: 0.505 })));
        assert.deepEqual(await calls(), ['pixels', 'segmentOpen+', ...all.map(() => 'refineOpen')]);
        single.close();
        image.close();
        pool.dispose();
    });

    test('images share a worker, and other calls come in between', async (context) => {
        const { worker, calls } = await loggingWorker(await temporaryFolder(context));
        const pool = await SonomaskPool.load({ weights, size: 1, worker });
        const one = await pool.open(IMAGE);
        const two = await pool.open(OTHER);
        const expected = timeless(await one.refine(inside(20, 20)));
        const other = timeless(await two.refine(inside(30, 70)));
        await pool.segment(OTHER);
        assert.deepEqual(timeless(await two.refine(inside(30, 70))), other);
        assert.deepEqual(timeless(await one.refine(inside(20, 20))), expected);
        assert.deepEqual(await calls(),
            ['pixels', 'pixels', 'refineOpen+', 'refineOpen+', 'segment', 'refineOpen', 'refineOpen+']);
        one.close();
        assert.deepEqual(timeless(await two.refine(inside(30, 70))), other);
        pool.dispose();
    });

    test('other calls take another worker, so that the features stay', async (context) => {
        const { worker, calls } = await loggingWorker(await temporaryFolder(context));
        const pool = await SonomaskPool.load({ weights, size: 2, worker });
        const image = await pool.open(IMAGE);
        const expected = timeless(await image.refine(inside(20, 20)));
        const results = await Promise.all([pool.segment(OTHER), image.refine(inside(20, 20)), pool.segment(OTHER)]);
        assert.deepEqual(timeless(/** @type {Segmentation} */ (results[1])), expected);
        assert.equal((await calls()).filter((call) => call === 'refineOpen+').length, 1);
        pool.dispose();
    });

    test('an aborted refinement does not lose the image', async (context) => {
        const { worker, calls } = await loggingWorker(await temporaryFolder(context));
        const pool = await SonomaskPool.load({ weights, size: 1, worker });
        const image = await pool.open(IMAGE);
        const expected = timeless(await image.refine(inside(20, 20)));
        const controller = new AbortController();
        const running = image.refine(inside(5, 5), { signal: controller.signal });
        const waiting = image.refine(inside(6, 6), { signal: controller.signal });
        controller.abort('enough');
        await assert.rejects(running, { code: 'aborted', cause: 'enough' });
        await assert.rejects(waiting, { code: 'aborted' });
        assert.deepEqual(timeless(await image.refine(inside(20, 20))), expected);
        // The worker ended; the new one got the pixels again.
        assert.deepEqual((await calls()).filter((call) => call === 'refineOpen+').length, 2);
        pool.dispose();
    });

    test('is sent again after its worker ended or crashed', async (context) => {
        const place = await temporaryFolder(context);
        const script = path.join(place, 'crashing.mjs');
        await writeFile(script, `
            import { parentPort } from 'node:worker_threads';
            await import(${JSON.stringify(new URL('../../wasm/worker.js', import.meta.url).href)});
            parentPort.on('message', (message) => { if (message.method === 'decode') throw new Error('ouch'); });
        `);
        const pool = await SonomaskPool.load({ weights, size: 1, worker: script, idleMilliseconds: 60 });
        const image = await pool.open(IMAGE);
        const expected = timeless(await image.refine(inside(20, 20)));
        await delay(200); // the worker ends
        assert.deepEqual(timeless(await image.refine(inside(20, 20))), expected);
        await assert.rejects(pool.decode(IMAGE), { code: 'worker' });
        assert.deepEqual(timeless(await image.refine(inside(20, 20))), expected);
        pool.dispose();
    });

    test('errors have the codes of Sonomask, and the image works afterwards', async () => {
        const pool = await SonomaskPool.load({ weights, size: 1 });
        const image = await pool.open(IMAGE);
        await assert.rejects(image.refine(inside(WIDTH, 1)), { name: 'SonomaskError', code: 'argument', message: /click 1/ });
        await assert.rejects(image.refine(/** @type {any} */ ({ clicks: 3 })), { code: 'argument' });
        await assert.rejects(image.segment({ threshold: 3 }), { code: 'argument' });
        await assert.rejects(pool.open(Buffer.from('no image')), { code: 'image-format' });
        assert.equal(maskAt(await image.refine(inside(5, 5)), 5, 5), 255);
        const prompts = { clicks: [{ x: 5, y: 5, inside: true }] };
        const pending = image.refine(prompts);
        /** @type {{ x: number }} */ (prompts.clicks[0]).x = NaN;
        assert.equal(maskAt(await pending, 5, 5), 255, 'the prompts are those of the call');
        const calls = [image.refine(inside(5, 5)), image.refine(inside(6, 6))];
        image.close();
        image.close();
        const [running, waiting] = await Promise.allSettled(calls);
        assert.equal(running?.status === 'fulfilled' && running.value.refined, true);
        assert.equal(waiting?.status === 'rejected' && waiting.reason.code, 'closed');
        await assert.rejects(image.refine(inside(5, 5)), { code: 'closed' });
        const last = await pool.open(IMAGE);
        pool.dispose();
        await assert.rejects(last.refine(inside(5, 5)), { code: 'disposed' });
        last.close();
        const old = await SonomaskPool.load({ weights: WEIGHTS, size: 1 });
        if (!old.info.takesPrompts)
            await assert.rejects((await old.open(IMAGE)).refine(inside(5, 5)), { code: 'no-prompts' });
        old.dispose();
    });
});
