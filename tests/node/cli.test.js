import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { numberText } from '../../wasm/cli-json.js';
import { Sonomask } from '../../wasm/sonomask.js';
import { jpeg, scanPng } from './support/images.js';
import { BUILD, CLI, WEIGHTS, attempt, makePhantoms, realImages, temporaryFolder } from './support/project.js';
import { makePromptWeights } from './support/prompts.js';

/**
 * @param {string[]} parameters
 * @param {string} [cwd]
 */
const sonomask = (parameters, cwd) => attempt(process.execPath, [CLI, ...parameters], { cwd });

/** @param {string} text JSON Lines */
const parseLines = (text) => text.trimEnd().split('\n').map((line) => JSON.parse(line));

test('writes masks and prints one line of JSON per file', async (context) => {
    const folder = await temporaryFolder(context);
    await writeFile(path.join(folder, 'a scan.png'), scanPng(120, 90));
    await writeFile(path.join(folder, 'b.x.jpg'), jpeg({ width: 64, height: 48, value: (x, y) => x + y }));
    const { status, stdout, stderr } = await sonomask(
        ['predict', '--weights', WEIGHTS, '--threshold', '0.1', '--out', 'new/masks', 'a scan.png', 'b.x.jpg'], folder);
    assert.equal(stderr.replaceAll(/^sonomask: .*: does not look like breast ultrasound .*\n/gm, '')
        .replaceAll(/^sonomask: b.x.jpg: no ultrasound picture was found on this screen.*\n/gm, ''), '');
    assert.equal(status, 0);
    const lines = parseLines(stdout);
    assert.deepEqual(lines.map(({ file, width, height }) => ({ file, width, height })),
        [{ file: 'a scan.png', width: 120, height: 90 }, { file: 'b.x.jpg', width: 64, height: 48 }]);
    const model = await Sonomask.load({ weights: WEIGHTS });
    for (const line of lines) {
        assert.deepEqual(Object.keys(line),
            ['file', 'width', 'height', 'type', 'probabilities', 'presence', 'operating_point', 'lesions',
                'possible_lesions', 'expected_dice', 'outlier_score', 'looks_like_ultrasound', 'refined', 'regions', 'warnings',
                'overlay_share', 'milliseconds']);
        assert.deepEqual(Object.keys(line.probabilities), ['normal', 'benign', 'malignant']);
        assert.ok(line.milliseconds > 0);
        const file = path.join(folder, line.file);
        const expected = await model.segment(await readFile(file), { threshold: 0.1 });
        assert.equal(line.type, expected.type);
        assert.equal(line.lesions.length, expected.lesions.length);
        for (const [index, lesion] of line.lesions.entries()) {
            assert.deepEqual(Object.keys(lesion),
                ['area_px', 'bbox', 'centroid', 'long_axis_px', 'short_axis_px', 'mean_probability',
                    'expected_dice', 'presence', 'margin_px', 'region', 'descriptors']);
            assert.equal(lesion.area_px, expected.lesions[index]?.area);
            assert.ok(Math.abs(lesion.expected_dice - (expected.lesions[index]?.expectedDice ?? 0)) < 1e-5);
        }
        const mask = await model.decode(await readFile(path.join(folder, 'new/masks', `${path.parse(file).name}_mask.png`)));
        assert.deepEqual(Uint8Array.from(mask.data), expected.mask);
    }
    assert.deepEqual((await readdir(path.join(folder, 'new/masks'))).sort(), ['a scan_mask.png', 'b.x_mask.png']);
});

test('continues after bad files, names them, leaves no incomplete file, and exits with 1', async (context) => {
    const folder = await temporaryFolder(context);
    const good = scanPng(50, 40);
    await writeFile(path.join(folder, 'good.png'), good);
    await writeFile(path.join(folder, 'empty.png'), '');
    await writeFile(path.join(folder, 'text.png'), 'not an image');
    await writeFile(path.join(folder, 'cut.png'), good.subarray(0, 500));
    await mkdir(path.join(folder, 'folder.png'));
    const bad = ['none.png', 'empty.png', 'text.png', 'cut.png', 'folder.png'];
    const { status, stdout, stderr } = await sonomask(
        ['predict', '--weights', WEIGHTS, '--out', 'out', ...bad, 'good.png'], folder);
    assert.equal(status, 1);
    assert.deepEqual(parseLines(stdout).map((line) => line.file), ['good.png']);
    // good.png is noise, so a warning that it is not ultrasound may be printed as well.
    const lines = stderr.trimEnd().split('\n').filter((line) => !line.includes('does not look like'));
    assert.equal(lines.length, 2 * bad.length + 1);
    for (const [index, name] of bad.entries()) assert.match(lines[index] ?? '', new RegExp(`^sonomask: ${name}: .{5,}`));
    assert.deepEqual(lines.slice(bad.length),
        ['sonomask: 5 of 6 files failed:', ...bad.map((name) => `  ${name}`)]);
    assert.deepEqual(await readdir(path.join(folder, 'out')), ['good_mask.png']);
});

test('control characters in a file name do not reach the terminal', async (context) => {
    const folder = await temporaryFolder(context);
    const names = ['two\nlines.png', 'red\x1b[31m.png'];
    for (const name of names) await writeFile(path.join(folder, name), scanPng(50, 40));
    const { status, stdout, stderr } = await sonomask(
        ['predict', '--weights', WEIGHTS, '--out', 'out', ...names, 'no\nthing.png', 'no\x1b[1m.png'], folder);
    assert.equal(status, 1);
    assert.deepEqual(parseLines(stdout).map((line) => line.file), names);
    for (const line of stderr.trimEnd().split('\n')) assert.match(line, /^sonomask: |^ {2}no\?/);
    assert.ok(!stderr.includes('\x1b'));
});

test('refuses to write two masks to one name', async (context) => {
    const folder = await temporaryFolder(context);
    await mkdir(path.join(folder, 'left'));
    await writeFile(path.join(folder, 'scan.png'), scanPng(50, 40));
    await writeFile(path.join(folder, 'left/scan.png'), scanPng(30, 40));
    const { status, stderr } = await sonomask(
        ['predict', '--weights', WEIGHTS, '--out', 'out', 'scan.png', 'left/scan.png'], folder);
    assert.equal(status, 1);
    assert.match(stderr, /^sonomask: left\/scan\.png: .*overwrite/m);

    // A broken file writes nothing that another could overwrite.
    await writeFile(path.join(folder, 'scan.jpg'), 'broken');
    const second = await sonomask(['predict', '--weights', WEIGHTS, '--out', 'out', 'scan.jpg', 'scan.png'], folder);
    assert.deepEqual(parseLines(second.stdout).map((line) => line.file), ['scan.png']);
});

test('keeps files of the user, replaces masks of either program', async (context) => {
    const folder = await temporaryFolder(context);
    const inside = (/** @type {string} */ name) => path.join(folder, name);
    await writeFile(inside('scan.png'), scanPng(50, 40));
    await writeFile(inside('other.png'), scanPng(40, 50));
    await mkdir(inside('out'));
    const mask = inside('out/scan_mask.png');
    const predict = (/** @type {string[]} */ ...more) =>
        sonomask(['predict', '--weights', WEIGHTS, '--out', 'out', 'scan.png', 'other.png', ...more], folder);
    /** @param {RegExp} reason */
    const refuses = async (reason) => {
        const { status, stdout, stderr } = await predict();
        assert.equal(status, 1);
        assert.deepEqual(parseLines(stdout).map((line) => line.file), ['other.png']);
        assert.match(stderr, reason);
    };
    await writeFile(mask, 'drawn by an expert');
    await refuses(/^sonomask: scan\.png: out\/scan_mask\.png exists and was not written by sonomask; --overwrite/m);
    assert.equal(await readFile(mask, 'utf8'), 'drawn by an expert');
    // A mask that was corrected by hand and saved with this library.
    const model = await Sonomask.load({ weights: WEIGHTS });
    await writeFile(mask, model.encodePng(new Uint8Array(50 * 40), 50, 40));
    model.dispose();
    await refuses(/exists and was not written by sonomask/);
    await rm(mask);
    await symlink('../scan.png', mask);
    await refuses(/is a symbolic link/);
    assert.equal(await readlink(mask), '../scan.png');
    assert.ok(scanPng(50, 40).equals(await readFile(inside('scan.png'))));

    assert.equal((await predict('--overwrite')).status, 0);
    assert.equal((await predict()).status, 0);
    assert.ok(scanPng(50, 40).equals(await readFile(inside('scan.png'))));
    const native = await attempt(path.join(BUILD, 'sonomask'),
        ['predict', '--model', WEIGHTS, '--out', inside('out'), inside('scan.png')]);
    assert.equal(native.status, 0, native.stderr);
    assert.equal((await predict()).status, 0);
    assert.deepEqual((await readdir(inside('out'))).sort(), ['other_mask.png', 'scan_mask.png']);
});

test('a failure to write names the output', async (context) => {
    const folder = await temporaryFolder(context);
    await writeFile(path.join(folder, 'scan.png'), scanPng(50, 40));
    // The mask's name is as long as file systems allow.
    const longest = `${'x'.repeat(246)}.png`;
    await writeFile(path.join(folder, longest), scanPng(50, 40));
    assert.equal((await sonomask(['predict', '--weights', WEIGHTS, '--out', 'out', longest], folder)).status, 0);
    // The mask's name is longer than file systems allow; the image's is not.
    const long = `${'x'.repeat(249)}.png`;
    await writeFile(path.join(folder, long), scanPng(50, 40));
    const named = await sonomask(['predict', '--weights', WEIGHTS, '--out', 'out', long], folder);
    assert.equal(named.status, 1);
    assert.match(named.stderr, /^sonomask: x+\.png: out\/x+_mask\.png: .+\n$/);

    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [CLI, 'predict', '--weights', WEIGHTS, '--out', 'out', 'scan.png'],
        { cwd: folder, stdio: ['ignore', full, 'pipe'] });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text) => { stderr += text; });
    const [status] = await once(child, 'close');
    closeSync(full);
    assert.equal(status, 1);
    assert.match(stderr, /^sonomask: standard output: no space left on the device\n$/m);
    assert.doesNotMatch(stderr, /at .*\.js/, 'no stack');
});

test('an unusable output folder and unreadable weights give exit status 1 and one line', async (context) => {
    const folder = await temporaryFolder(context);
    await writeFile(path.join(folder, 'scan.png'), scanPng(50, 40));
    await writeFile(path.join(folder, 'file'), 'x');
    for (const parameters of [
        ['predict', '--weights', WEIGHTS, '--out', 'file', 'scan.png'],
        ['predict', '--weights', WEIGHTS, '--out', 'file/out', 'scan.png'],
        ['predict', '--weights', WEIGHTS, '--out', '/proc/out', 'scan.png'],
        ['predict', '--weights', 'none.safetensors', '--out', 'out', 'scan.png'],
        ['predict', '--weights', 'scan.png', '--out', 'out', 'scan.png'],
    ]) {
        const { status, stdout, stderr } = await sonomask(parameters, folder);
        assert.equal(status, 1, stderr);
        assert.equal(stdout, '');
        assert.match(stderr, /^sonomask: .+\n$/);
        assert.match(stderr, /file|none\.safetensors|scan\.png/);
    }
});

test('the first Ctrl-C ends the batch after the current image, and leaves no incomplete file', async (context) => {
    const folder = await temporaryFolder(context);
    const names = Array.from({ length: 60 }, (_, index) => `${index}.png`);
    for (const name of names) await writeFile(path.join(folder, name), scanPng(300, 200));
    const child = spawn(process.execPath, [CLI, 'predict', '--model', WEIGHTS, '--out', 'out', '--threads', '1', ...names],
        { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
        if (stdout === '') child.kill('SIGINT');
        stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text; });
    const [status] = await once(child, 'close');
    const printed = parseLines(stdout).length;
    assert.equal(status, 1);
    assert.ok(printed >= 1 && printed < names.length);
    assert.match(stderr, new RegExp(`^sonomask: interrupted after ${printed} of 60 files$`, 'm'));
    assert.equal((await readdir(path.join(folder, 'out'))).length, printed);
});

test('the weights may be named by SONOMASK_MODEL', async (context) => {
    const folder = await temporaryFolder(context);
    await writeFile(path.join(folder, 'scan.png'), scanPng(50, 40));
    const { status, stderr } = await attempt(process.execPath, [CLI, 'predict', '--out', 'out', 'scan.png'],
        { cwd: folder, env: { ...process.env, SONOMASK_MODEL: 'none.safetensors' } });
    assert.equal(status, 1);
    assert.match(stderr, /^sonomask: .*none\.safetensors: no such file\n$/);
});

test('exit status 2 for wrong usage, 0 for help and version', async () => {
    for (const parameters of [
        [], ['train'], ['predict'], ['predict', 'x.png'], ['predict', '--out', 'x'], ['predict', '--nonsense'],
        ['predict', '--out', 'x', '--threshold', 'high', 'x.png'], ['predict', '--out', 'x', '--threshold', '', 'x.png'],
        ['predict', '--out', 'x', '--threshold', '2', 'x.png'],
        ['predict', '--out', 'x', '--operating-point', '0.85', 'x.png'],
        ['predict', '--out', 'x', '--threads', '0', 'x.png'], ['predict', '--out', 'x', '--threads', '2.5', 'x.png'],
    ]) {
        const { status, stdout, stderr } = await sonomask(parameters);
        assert.equal(status, 2, parameters.join(' '));
        assert.equal(stdout, '');
        assert.match(stderr, /^sonomask: .+\nusage: .+\ntry: sonomask --help\n$/);
    }
    assert.match((await sonomask(['--help'])).stdout, /^usage: /);
    assert.match((await sonomask(['--version'])).stdout, /^sonomask \d+\.\d+\.\d+\n$/);
});

/** The native command with the kernels that wasm has: both give the same answers to the last bit. */
const NATIVE = path.join(BUILD, 'tests/sonomask_simd128');
/** Kernels for other processors round differently. */
const otherProcessor = process.arch === 'x64' ? false : 'the native kernels of this processor fuse multiplications and additions';

/** @param {string} lines */
const withoutTimes = (lines) => lines.replaceAll(/"milliseconds":[^}]+/g, '"milliseconds":0');

/** On a slow machine either command reports its progress. @param {string} lines */
const withoutProgress = (lines) => lines.replaceAll(/^predict.*\n/gm, '');

/**
 * Runs both commands and compares what they print and write, byte by byte except for the times.
 * @param {string} folder where they run
 * @param {string[]} parameters
 * @returns {Promise<Record<string, any>[]>} the lines
 */
async function bothAgree(folder, parameters) {
    const native = await attempt(NATIVE, ['predict', '--out', 'native', ...parameters], { cwd: folder });
    const ours = await sonomask(['predict', '--out', 'wasm', ...parameters], folder);
    assert.equal(withoutTimes(ours.stdout), withoutTimes(native.stdout));
    assert.equal(withoutProgress(ours.stderr), withoutProgress(native.stderr));
    assert.equal(ours.status, native.status);
    const names = await readdir(path.join(folder, 'native'));
    assert.deepEqual(await readdir(path.join(folder, 'wasm')), names);
    for (const name of names) {
        const [mine, theirs] = await Promise.all(['wasm', 'native'].map((place) => readFile(path.join(folder, place, name))));
        assert.ok(mine?.equals(theirs ?? Buffer.alloc(0)), name);
    }
    return parseLines(ours.stdout);
}

test('output and files equal those of the native command, byte by byte', { skip: otherProcessor }, async (context) => {
    const folder = await temporaryFolder(context);
    const images = await makePhantoms(folder, 5, 5);
    await writeFile(path.join(folder, 'broken.png'), 'x');
    await writeFile(path.join(folder, 'a "quoted" \\ name\r\x7f.png'), scanPng(60, 50));
    const parameters = ['--model', WEIGHTS, '--overlay', ...images, 'broken.png', 'a "quoted" \\ name\r\x7f.png'];
    const lines = await bothAgree(folder, parameters);
    assert.equal(lines.length, images.length + 1);
    await bothAgree(folder, ['--threads', '1', '--threshold', '0.2', '--operating-point', '0.9', ...parameters]);
});

test('output and files of real images equal those of the native command', { skip: otherProcessor }, async (context) => {
    const images = await realImages(4);
    if (images.length === 0) {
        context.skip('the data sets are not in ../shared/data');
        return;
    }
    await bothAgree(await temporaryFolder(context), ['--model', WEIGHTS, '--overlay', ...images]);
});

test('numbers are written as printf writes them', () => {
    const cases = /** @type {[number, string][]} */ ([
        [0, '0'], [-0, '-0'], [1, '1'], [600, '600'], [0.5, '0.5'], [-1.25, '-1.25'], [0.9765625, '0.976562'],
        [0.9765675048828125, '0.976568'], [3.5000025, '3.5'], [0.0001, '0.0001'], [0.00001, '1e-05'], [1.5e-7, '1.5e-07'],
        [999999.5, '1e+06'], [100000.5, '100000'], [100001.5, '100002'], [123456789, '1.23457e+08'], [1e100, '1e+100'],
        [NaN, 'null'], [Infinity, 'null'],
    ]);
    for (const [value, text] of cases) assert.equal(numberText(value), text);
});

test('corrects with clicks and boxes as the native command does', { skip: otherProcessor }, async (context) => {
    const folder = await temporaryFolder(context);
    const weights = await makePromptWeights(folder);
    await writeFile(path.join(folder, 'one.png'), scanPng(120, 90));
    await mkdir(path.join(folder, 'more'));
    await writeFile(path.join(folder, 'more/two.png'), scanPng(90, 110, 2));
    await writeFile(path.join(folder, 'plain.png'), scanPng(80, 80, 3));
    await writeFile(path.join(folder, 'prompts.jsonl'), [
        '{"file": "one.png", "clicks": [{"x": 20, "y": 30.5, "inside": true}, {"x": 80, "y": 60, "inside": false}]}',
        '',
        '{"file": "../data/more/two.png", "box": {"x": 10, "y": 20, "width": 40, "height": 50}}',
    ].join('\n'));
    /** @type {any[]} */
    const mine = await bothAgree(folder, ['--model', weights, '--overlay', '--prompts', 'prompts.jsonl', '--operating-point', '0.80',
        'one.png', 'more/two.png', 'plain.png']);
    assert.deepEqual(mine.map(({ refined }) => refined), [true, true, false]);
    assert.deepEqual(mine[0].operating_point, { kept: 0.8, presence: 1, missed_bound: 0.3 });
    assert.ok(mine[2].lesions.length === 0 && mine[2].possible_lesions.length > 0);
    const model = await Sonomask.load({ weights: null });
    const mask = await model.decode(await readFile(path.join(folder, 'wasm/one_mask.png')));
    assert.deepEqual([mask.data[30 * 120 + 20], mask.data[60 * 120 + 80]], [255, 0]);
    model.dispose();
});

test('a wrong file of prompts gives the line of the native command, and nothing is written', async (context) => {
    const folder = await temporaryFolder(context);
    await writeFile(path.join(folder, 'one.png'), scanPng(50, 40));
    await mkdir(path.join(folder, 'more'));
    await writeFile(path.join(folder, 'more/one.png'), scanPng(50, 40));
    await writeFile(path.join(folder, 'more/three.png'), scanPng(50, 40));
    await writeFile(path.join(folder, 'two.png'), scanPng(50, 40));
    const prompts = path.join(folder, 'prompts.jsonl');
    const click = (/** @type {string} */ fields) => `{"file": "two.png", "clicks": [{${fields}}]}`;
    for (const text of [
        'clicks', '[]', '{"file": 7}', '{"clicks": []}', '{"file": "two.png", "click": []}', '{"file": "none.png"}',
        '\n{"file": "two.png"}\n{"file": "two.png"}', '{"file": "../data/more/one.png"}', '{"file": "less/three.png"}',
        '{"file": "two.png", "box": {"x": 1}}',
        click('"x": 1, "y": "2", "inside": true'), click('"x": 1, "y": 1e300, "inside": true'),
        click('"x": 1, "y": 2, "inside": 1'), click('"x": 1, "y": 2'), click('"x": 1, "y": 2, "inside": true, "z": 3'),
        '{"file": "two.png", "box": {"x": 1, "y": 1, "width": 0, "height": 3}}',
        `{"file": "two.png", "clicks": [${Array(1001).fill('{"x": 1, "y": 2, "inside": true}').join()}]}`,
    ]) {
        await writeFile(prompts, text);
        const images = ['one.png', 'more/one.png', 'more/three.png', 'two.png'];
        const native = await attempt(path.join(BUILD, 'sonomask'),
            ['predict', '--model', WEIGHTS, '--out', 'out', '--prompts', 'prompts.jsonl', ...images], { cwd: folder });
        const ours = await sonomask(['predict', '--weights', WEIGHTS, '--out', 'out', '--prompts', 'prompts.jsonl', ...images], folder);
        assert.deepEqual(ours, native, text);
        assert.equal(ours.status, 1);
        assert.match(ours.stderr, /^sonomask: prompts\.jsonl: line \d: .+\n$/);
    }
    assert.deepEqual((await readdir(folder)).sort(), ['more', 'one.png', 'prompts.jsonl', 'two.png']);
});

test('clicks that an image refuses fail that image alone', async (context) => {
    const folder = await temporaryFolder(context);
    const weights = await makePromptWeights(folder);
    for (const name of ['one.png', 'two.png']) await writeFile(path.join(folder, name), scanPng(50, 40));
    await writeFile(path.join(folder, 'prompts.jsonl'), '{"file": "one.png", "clicks": [{"x": 50, "y": 3, "inside": true}]}');
    for (const model of [weights, WEIGHTS]) {
        const parameters = ['--out', 'out', '--prompts', 'prompts.jsonl', 'one.png', 'two.png'];
        const native = await attempt(path.join(BUILD, 'sonomask'), ['predict', '--model', model, ...parameters], { cwd: folder });
        const ours = await sonomask(['predict', '--weights', model, ...parameters], folder);
        const failures = (/** @type {string} */ text) => text.split('\n').filter((line) => /one\.png|failed/.test(line));
        assert.deepEqual([ours.status, native.status], [1, 1]);
        assert.deepEqual(failures(ours.stderr), failures(native.stderr));
        assert.deepEqual(parseLines(ours.stdout).map((line) => line.file), ['two.png']);
    }
});
