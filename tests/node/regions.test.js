import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Sonomask, SonomaskPool } from '../../wasm/sonomask.js';
import { dicom, regions as marked } from './support/dicom.js';
import { BUILD, CLI, ROOT, WEIGHTS, attempt, temporaryFolder } from './support/project.js';
import { makePromptWeights } from './support/prompts.js';
import { cropOf, screenOf } from './support/screen.js';

/** @typedef {import('../../wasm/sonomask.js').Rectangle} Rectangle */
/** @typedef {import('../../wasm/sonomask.js').Segmentation} Segmentation */

/** @type {Sonomask} */
let model;
/** @type {ReturnType<typeof screenOf>} */
let screen;

before(async () => {
    model = await Sonomask.load({ weights: WEIGHTS });
    const pictures = await Promise.all(['phantom-1.png', 'phantom-2.png'].map(async (name) =>
        model.decode(await readFile(path.join(ROOT, 'web/samples', name)))));
    screen = screenOf(pictures);
});
after(() => model.dispose());

const rectangleOf = (/** @type {Rectangle} */ { x, y, width, height }) => ({ x, y, width, height });

/** Without its time. @param {Segmentation} result */
const answerOf = ({ milliseconds, ...rest }) => (assert.ok(milliseconds >= 0), rest);

/**
 * @param {Segmentation} whole
 * @param {Rectangle} view
 * @param {Segmentation} own the answer for the view alone
 */
function assertSameIn(whole, view, own) {
    const part = cropOf({ data: whole.mask, width: whole.width, height: whole.height }, view);
    assert.deepEqual(part.data, own.mask);
    const index = whole.regions.findIndex((region) => region.x === view.x);
    const { type, probabilities, presence } = /** @type {import('../../wasm/sonomask.js').Region} */ (whole.regions[index]);
    assert.deepEqual({ type, probabilities, presence }, { type: own.type, probabilities: own.probabilities, presence: own.presence });
    assert.deepEqual(whole.lesions.filter(({ region }) => region === index).map(({ area, bbox }) => ({ area, bbox })),
        own.lesions.map(({ area, bbox }) => ({ area, bbox: { ...bbox, x: bbox.x + view.x, y: bbox.y + view.y } })));
}

test('the pictures of a screen are found and answered each for itself', async () => {
    const found = await model.segment(screen.image);
    assert.deepEqual(found.regions.map(rectangleOf), screen.views);
    const [given, ...alone] = await Promise.all([
        model.segment(screen.image, { regions: found.regions }),
        ...screen.views.map((view) => model.segment(cropOf(screen.image, view), { regions: 'whole' })),
    ]);
    assert.ok(found.lesions.length > 1);
    for (const [index, view] of screen.views.entries()) {
        assertSameIn(found, view, /** @type {Segmentation} */ (alone[index]));
        assertSameIn(/** @type {Segmentation} */ (given), view, /** @type {Segmentation} */ (alone[index]));
    }
    assert.equal(found.presence, Math.max(...found.regions.map(({ presence }) => presence)));
});

test('a tidy picture is its own region, and its answer does not depend on the search', async () => {
    const file = await readFile(path.join(ROOT, 'web/samples/phantom-1.png'));
    const [auto, whole] = [await model.segment(file), await model.segment(file, { regions: 'whole' })];
    assert.deepEqual(answerOf(auto), answerOf(whole));
    assert.deepEqual(auto.regions.map(rectangleOf), [{ x: 0, y: 0, width: auto.width, height: auto.height }]);
    const { width, height } = await model.segment(screen.image, { regions: 'whole' });
    assert.deepEqual({ width, height }, { width: screen.image.width, height: screen.image.height });
});

test('impossible regions are refused, by both classes', async () => {
    const pool = await SonomaskPool.load({ weights: WEIGHTS, size: 1 });
    /** @type {[any, RegExp][]} */
    const cases = [
        ['all', /regions must be "auto", "whole" or an array/],
        [[], /array of 1 to 16/],
        [Array.from({ length: 17 }, () => ({ x: 0, y: 0, width: 4, height: 4 })), /array of 1 to 16/],
        [[{ x: 0, y: 0.5, width: 4, height: 4 }], /region 1: x, y, width and height must be whole numbers/],
        [[null], /region 1: /],
        [[{ x: 1, y: 1, width: 0, height: 4 }], /region 1 of 0 x 4 pixels has no area/],
        [[{ x: 9000, y: 1, width: 10, height: 4 }], /region 1 at \(9000, 1\).* is outside the image/],
        [[{ x: 0, y: 0, width: 9, height: 9 }, { x: 8, y: 8, width: 9, height: 9 }], /regions 1 and 2 overlap/],
    ];
    for (const engine of [model, pool])
        for (const [regions, message] of cases)
            await assert.rejects(engine.segment(screen.image, { regions }), { code: 'argument', message });
    pool.dispose();
});

test('corrections count in the region that they are in', async (context) => {
    const weights = await makePromptWeights(await temporaryFolder(context));
    const engine = await Sonomask.load({ weights });
    const pool = await SonomaskPool.load({ weights, size: 1 });
    const [left, right] = /** @type {[Rectangle, Rectangle]} */ (/** @type {unknown} */ (screen.views));
    const clicks = [{ x: right.x + 100, y: right.y + 120, inside: true }];
    const alone = await engine.open(cropOf(screen.image, right));
    const expected = await alone.refine({ clicks: [{ x: 100, y: 120, inside: true }] });
    const untouched = await engine.segment(cropOf(screen.image, left));
    for (const host of [engine, pool]) {
        const image = await host.open(screen.image);
        await image.segment({ regions: 'whole' });
        const regions = screen.views.map((view) => ({ ...view }));
        const working = image.refine({ clicks }, { regions });
        for (const region of regions) region.width = 1; // has no effect any more
        const result = await working;
        assert.ok(result.refined);
        assertSameIn(result, right, expected);
        assertSameIn(result, left, untouched);
        // Other regions, other features; then these again.
        const found = await image.refine({ clicks });
        assert.deepEqual(found.regions.map(rectangleOf), screen.views);
        assert.deepEqual((await image.refine({ clicks }, { regions: 'whole' })).regions.length, 1);
        assert.deepEqual(answerOf(await image.refine({ clicks }, { regions: screen.views })), answerOf(result));
        await assert.rejects(image.refine({ clicks: [{ x: 2, y: 2, inside: true }] }),
            { code: 'argument', message: /click 1 at .* is outside the regions of the image/ });
        image.close();
    }
    pool.dispose();
    engine.dispose();
});

const NATIVE = path.join(BUILD, 'tests/sonomask_simd128');
/** Kernels for other processors round differently. */
const otherProcessor = process.arch === 'x64' ? false : 'the native kernels of this processor fuse multiplications and additions';
const withoutTimes = (/** @type {string} */ lines) => lines.replaceAll(/"milliseconds":[^}]+/g, '"milliseconds":0');

test('predict --region: the commands agree byte by byte', { skip: otherProcessor }, async (context) => {
    const folder = await temporaryFolder(context);
    const { data, width, height } = screen.image;
    await writeFile(path.join(folder, 'screen.png'), model.encodePng(data, width, height));
    const [view] = /** @type {[Rectangle]} */ (/** @type {unknown} */ (screen.views));
    const rectangle = `${view.x},${view.y},${view.width}x${view.height}`;
    /** @type {[string[], number[][] | null][]} */
    const cases = [
        [[], screen.views.map((one) => [one.x, one.y, one.width, one.height])],
        [['--region', 'auto'], screen.views.map((one) => [one.x, one.y, one.width, one.height])],
        [['--region', 'whole'], [[0, 0, width, height]]],
        [['--region', rectangle, '--region', '0,0,50x40'], [[view.x, view.y, view.width, view.height], [0, 0, 50, 40]]],
        [['--region', '0,0,9x0'], null],
        [['--region', '1,2,3'], null],
        [['--region', 'whole', '--region', 'auto'], null],
        [['--region', `${width},0,9x9`], null],
    ];
    for (const [options, regions] of cases) {
        const parameters = ['predict', '--model', WEIGHTS, '--out', 'out', ...options, 'screen.png'];
        const native = await attempt(NATIVE, parameters, { cwd: folder });
        const ours = await attempt(process.execPath, [CLI, ...parameters], { cwd: folder });
        assert.equal(withoutTimes(ours.stdout), withoutTimes(native.stdout));
        assert.equal(ours.status, native.status);
        assert.equal(ours.stderr.split('\n')[0], native.stderr.split('\n')[0]?.replace('sonomask: predict: --', 'sonomask: --'));
        if (regions) assert.deepEqual(JSON.parse(ours.stdout).regions.map((/** @type {any} */ region) => region.bbox), regions);
        else assert.match(ours.stderr, /region/);
    }
});

test('the command takes the regions that a DICOM file marks, unless they are given', async (context) => {
    const folder = await temporaryFolder(context);
    const { image, views } = screen;
    const boxOf = (/** @type {Rectangle} */ { x, y, width, height }) => /** @type {[number, number, number, number]} */ ([x, y, x + width, y + height - 20]);
    const more = [marked(...views.map((view) => ({ box: boxOf(view), centimetres: 0.01 })))];
    await writeFile(path.join(folder, 'two.dcm'), dicom({ ...image, more, pixels: Buffer.from(image.data) }));
    const regionsFor = async (/** @type {string[]} */ ...options) => {
        const { stdout, stderr } = await attempt(process.execPath, [CLI, 'predict', '--weights', WEIGHTS, '--out', 'out', '--overwrite', ...options, 'two.dcm'], { cwd: folder });
        assert.ok(stdout, stderr);
        return JSON.parse(stdout).regions.map((/** @type {{ bbox: number[] }} */ { bbox: [x, y, width, height] }) => ({ x, y, width, height }));
    };
    assert.deepEqual(await regionsFor(), views.map((view) => ({ ...view, height: view.height - 20 })));
    assert.deepEqual(await regionsFor('--region', 'auto'), views);
    assert.deepEqual(await regionsFor('--region', 'whole'), [{ x: 0, y: 0, width: image.width, height: image.height }]);
});

test('a picture that is too small for a search is one region, and takes every click', async () => {
    for (const side of [2, 5, 8, 16, 40, 100]) {
        // Noise, as a picture of one grey is no picture at all.
        const data = Uint8Array.from({ length: side * side }, (_, index) => Math.imul(index + 1, 2654435761) >>> 24);
        const image = await model.open({ data, width: side, height: side });
        const { regions } = await image.segment();
        assert.deepEqual(regions.map(rectangleOf), [{ x: 0, y: 0, width: side, height: side }]);
        const clicks = [{ x: 0, y: 0, inside: true }, { x: side - 1, y: side - 1, inside: false }];
        assert.ok((await image.refine({ clicks })).refined, `${side} pixels`);
        image.close();
    }
});

test('a picture with much surface of few greys is not taken for ultrasound, a strongly compressed scan is', async () => {
    const { data, width, height, channels } = await model.decode(await readFile(path.join(ROOT, 'web/samples/phantom-1.png')));
    const scan = data.filter((_, index) => index % channels === 0);
    const SIDE = 10;
    const mosaic = (/** @type {(value: number) => number} */ shade) => {
        const first = (/** @type {number} */ at) => Math.floor(at / SIDE) * SIDE;
        return { data: scan.map((_, at) => shade(scan[first(Math.floor(at / width)) * width + first(at % width)] ?? 0)), width, height };
    };
    const compressed = await model.segment(mosaic((value) => value));
    assert.ok(compressed.looksLikeUltrasound);
    const drawing = await model.segment(mosaic((value) => (value < 60 ? 30 : value < 120 ? 90 : 150)));
    assert.equal(drawing.looksLikeUltrasound, false);
    // Its statistics alone give 2; all of it is surface, which is four times the share that a scan may have.
    assert.ok(drawing.outlierScore > 3.5, String(drawing.outlierScore));
});
