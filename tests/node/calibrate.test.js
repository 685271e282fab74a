/** `sonomask calibrate` on phantoms: what it fits, what it writes, and that both programs read it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { Sonomask } from '../../wasm/sonomask.js';
import { png } from './support/images.js';
import { BUILD, CLI, WEIGHTS, attempt, makePhantoms, temporaryFolder } from './support/project.js';

const PROGRAM = path.join(BUILD, 'sonomask');

/**
 * A grey PNG.
 * @param {number} width
 * @param {number} height
 * @param {(x: number, y: number) => number} value
 */
const picture = (width, height, value) => png({
    width,
    height,
    data: Uint8Array.from({ length: width * height }, (_, index) => value(index % width, Math.floor(index / width))),
});

/** @param {string[]} words */
const calibrate = (...words) => attempt(PROGRAM, ['calibrate', ...words]);

test('fits to phantoms and flags out-of-distribution images, natively and in wasm', async (context) => {
    const folder = await temporaryFolder(context);
    const images = await makePhantoms(folder, 120, 5);
    const out = path.join(folder, 'calibrated.safetensors');
    const fitted = await calibrate('--model', WEIGHTS, '--data', folder, '--out', out, '--size', '64', '--no-check');
    assert.equal(fitted.status, 0, fitted.stderr);
    const line = JSON.parse(fitted.stdout);
    assert.equal(line.images, 120);
    assert.ok(line.type_after_temperature.log_loss <= line.type_before_temperature.log_loss + 1e-6);
    const worth = (/** @type {{lesion_dice: number, normal_false_mask_share: number}} */ mask) =>
        mask.lesion_dice - 0.1 * mask.normal_false_mask_share;
    assert.ok(worth(line.mask_after) >= worth(line.mask_before) - 0.02);
    assert.ok(line.expected_dice_error_after <= line.expected_dice_error_before + 1e-9);
    assert.ok(line.outliers_beyond_limit <= 0.0101);

    const text = path.join(folder, 'text.png');
    await writeFile(text, picture(200, 150, (x, y) => (y % 14 < 8 && (x * 7 + y * 3) % 5 < 2 ? 20 : 250)));
    const files = [/** @type {string} */ (images[0]), text];
    const native = await attempt(PROGRAM, ['predict', '--model', out, '--out', path.join(folder, 'a'), ...files]);
    const wasm = await attempt(process.execPath, [CLI, 'predict', '--weights', out, '--out', path.join(folder, 'b'), ...files]);
    for (const { status, stdout, stderr } of [native, wasm]) {
        assert.equal(status, 0, stderr);
        const [phantom, page] = stdout.trim().split('\n').map((answer) => JSON.parse(answer));
        assert.equal(phantom.looks_like_ultrasound, true, JSON.stringify(phantom));
        assert.ok(phantom.outlier_score > 0 && phantom.outlier_score <= 1);
        assert.equal(page.looks_like_ultrasound, false);
        assert.ok(page.outlier_score > 1);
        assert.match(stderr, /^sonomask: .*text\.png: does not look like breast ultrasound \(outlier score \d/m);
        assert.doesNotMatch(stderr, /images.*does not look/);
    }
    const [theirs, mine] = [native, wasm].map(({ stdout }) => stdout.trim().split('\n').map((answer) => JSON.parse(answer)));
    for (const index of [0, 1])
        assert.ok(Math.abs(theirs?.[index].outlier_score - mine?.[index].outlier_score) < 1e-4);

    const exported = path.join(folder, 'exported.safetensors');
    const exporting = await attempt(PROGRAM, ['export', '--model', out, '--weights', exported]);
    assert.equal(exporting.status, 0, exporting.stderr);
    const sonomask = await Sonomask.load({ weights: exported });
    assert.equal(sonomask.info.knowsOutliers, true);
    assert.ok(Math.abs(sonomask.info.temperature - line.temperature) < 1e-4);
    const result = await sonomask.segment(await readFile(text));
    assert.equal(result.looksLikeUltrasound, false);
    assert.ok(result.outlierScore > 1);
    sonomask.dispose();
});

test('sets values by hand and stores 8-bit weights that both programs read', async (context) => {
    const folder = await temporaryFolder(context);
    const small = path.join(folder, 'small.safetensors');
    const single = path.join(folder, 'single.safetensors');
    const by = ['--model', WEIGHTS, '--temperature', '1.25', '--threshold', '0.4', '--minimum-area', '0.002',
        '--confidence-power', '2'];
    const made = await calibrate(...by, '--precision', '8', '--out', small);
    assert.equal(made.status, 0, made.stderr);
    assert.equal((await calibrate(...by, '--out', single)).status, 0);
    const { bytes, temperature, threshold, minimum_area: minimumArea } = JSON.parse(made.stdout);
    assert.deepEqual([temperature, threshold, minimumArea], [1.25, 0.4, 0.002]);
    assert.equal((await stat(small)).size, bytes);
    assert.ok(bytes < 0.3 * (await stat(single)).size);
    const image = picture(90, 70, (x, y) => (x * y) % 200);
    const maps = [];
    for (const weights of [small, single]) {
        const sonomask = await Sonomask.load({ weights });
        assert.ok(Math.abs(sonomask.info.threshold - 0.4) < 1e-6);
        const result = await sonomask.segment(image);
        maps.push(result.probabilityMap);
        assert.equal(result.looksLikeUltrasound || result.outlierScore > 1, true);
        sonomask.dispose();
    }
    const [eight = new Float32Array(), full = new Float32Array()] = maps;
    const difference = eight.reduce((sum, value, index) => sum + Math.abs(value - (full[index] ?? 0)), 0) / full.length;
    assert.ok(difference < 0.02, String(difference)); // none at all when the given weights are 8-bit themselves

    const files = path.join(folder, 'image.png');
    await writeFile(files, image);
    const native = await attempt(PROGRAM, ['predict', '--model', small, '--out', path.join(folder, 'masks'), files]);
    assert.equal(native.status, 0, native.stderr);
});

test('errors have a clear message, and no file is left', async (context) => {
    const folder = await temporaryFolder(context);
    const out = path.join(folder, 'x.safetensors');
    for (const words of [[], ['--out', out, '--fit', 'nonsense'], ['--out', out, '--precision', '12'],
        ['--out', out, '--temperature', '0'], ['--out', out, '--fold', '1'], ['--out', out, 'word'],
        ['--out', out, '--data', 'x', '--fold', '1', '--not-fold', '2']]) {
        const { status, stdout, stderr } = await calibrate(...words);
        assert.equal(status, 2, words.join(' '));
        assert.equal(stdout, '');
        assert.match(stderr, /^sonomask: .+\n|^usage: /);
    }
    await mkdir(path.join(folder, 'empty'));
    for (const words of [['--data', path.join(folder, 'none')], ['--data', path.join(folder, 'empty')],
        ['--model', path.join(folder, 'none')], ['--outliers-from', path.join(folder, 'none')]]) {
        const { status, stderr } = await calibrate('--model', WEIGHTS, '--out', out, ...words);
        assert.equal(status, 1, words.join(' '));
        assert.match(stderr, /^sonomask: .*(none|empty)/m);
    }
    assert.equal(existsSync(out), false);
});
