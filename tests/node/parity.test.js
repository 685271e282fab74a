/** Native program, wasm with SIMD, wasm without SIMD and the reference kernels give the same answers. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';

import { Sonomask } from '../../wasm/sonomask.js';
import { scanPng } from './support/images.js';
import {
    BUILD, RELAXED_WASM, SCALAR_WASM, SIMD_WASM, WEIGHTS, execute, makePhantoms, realImages, temporaryFolder,
} from './support/project.js';
import { makePromptWeights } from './support/prompts.js';

const PROBABILITY_TOLERANCE = 1e-4;
const MASK_TOLERANCE = 1e-4; // share of the pixels
// `make check-neon` sets this to a program for another processor, which runs in an emulator.
const [PROGRAM = '', ...PROGRAM_ARGUMENTS] =
    process.env['NATIVE_PROBABILITIES']?.split(' ') ?? [path.join(BUILD, 'tests/native_probabilities')];
const AUTO = 0; // SM_BACKEND_AUTO

/**
 * @typedef {object} Answer
 * @property {number[]} probabilities
 * @property {Float32Array} map
 * @property {Uint8Array} mask
 */

/**
 * @param {Buffer} file as native_probabilities writes it
 * @returns {Answer}
 */
function parseAnswer(file) {
    const [width, height] = [file.readInt32LE(0), file.readInt32LE(4)];
    const floats = new Float32Array(new Uint8Array(file.subarray(12, 24 + 4 * width * height)).buffer);
    return {
        probabilities: [...floats.subarray(0, 3)],
        map: floats.subarray(3),
        mask: new Uint8Array(file.subarray(24 + 4 * width * height)),
    };
}

/**
 * @param {string} folder for the answers
 * @param {string[]} images
 * @returns {Promise<Answer[]>}
 */
async function nativeAnswers(folder, images) {
    await execute(PROGRAM, [...PROGRAM_ARGUMENTS, WEIGHTS, String(AUTO), folder, ...images]);
    return Promise.all(images.map(async (_, index) => parseAnswer(await readFile(path.join(folder, `${index}.bin`)))));
}

/**
 * @param {import('../../wasm/sonomask.js').LoadOptions} options
 * @param {Uint8Array[]} files
 * @returns {Promise<Answer[]>}
 */
async function wasmAnswers(options, files) {
    const sonomask = await Sonomask.load({ weights: WEIGHTS, ...options });
    const answers = [];
    for (const file of files) {
        const { probabilities, probabilityMap, mask } = await sonomask.segment(file);
        const { normal, benign, malignant } = probabilities;
        answers.push({ probabilities: [normal, benign, malignant], map: probabilityMap, mask });
    }
    sonomask.dispose();
    return answers;
}

/**
 * @param {Answer[]} answers
 * @param {Answer[]} expected
 * @returns {string} the worst differences
 */
function agree(answers, expected) {
    assert.equal(answers.length, expected.length);
    let worst = 0;
    let worstMask = 0;
    for (const [index, answer] of answers.entries()) {
        const other = /** @type {Answer} */ (expected[index]);
        assert.equal(answer.map.length, other.map.length);
        let differing = 0;
        for (let pixel = 0; pixel < answer.map.length; pixel++) {
            worst = Math.max(worst, Math.abs((answer.map[pixel] ?? NaN) - (other.map[pixel] ?? NaN)));
            if (answer.mask[pixel] !== other.mask[pixel]) differing++;
        }
        for (const [type, probability] of answer.probabilities.entries())
            worst = Math.max(worst, Math.abs(probability - (other.probabilities[type] ?? NaN)));
        worstMask = Math.max(worstMask, differing / answer.map.length);
    }
    const summary = `probabilities differ by ${worst.toExponential(1)} at most, ` +
        `${(100 * worstMask).toFixed(4)} % of mask pixels`;
    assert.ok(worst <= PROBABILITY_TOLERANCE && worstMask <= MASK_TOLERANCE, summary);
    return summary;
}

describe('native and wasm', () => {
    test('agree on phantoms, with SIMD and without', async (context) => {
        const folder = await temporaryFolder(context);
        const images = await makePhantoms(folder, 9, 11);
        assert.ok(images.length >= 8);
        const files = await Promise.all(images.map((image) => readFile(image)));
        const expected = await nativeAnswers(folder, images);
        context.diagnostic(`relaxed SIMD: ${agree(await wasmAnswers({ wasm: RELAXED_WASM }, files), expected)}`);
        context.diagnostic(`SIMD: ${agree(await wasmAnswers({ wasm: SIMD_WASM }, files), expected)}`);
        context.diagnostic(`scalar: ${agree(await wasmAnswers({ wasm: SCALAR_WASM }, files), expected)}`);
    });

    test('agree on real images', async (context) => {
        const images = await realImages(4);
        if (images.length === 0) {
            context.skip('the data sets are not in ../shared/data');
            return;
        }
        assert.ok(images.every((image) => existsSync(image)));
        const files = await Promise.all(images.map((image) => readFile(image)));
        const expected = await nativeAnswers(await temporaryFolder(context), images);
        context.diagnostic(`relaxed SIMD: ${agree(await wasmAnswers({ wasm: RELAXED_WASM }, files), expected)}`);
        context.diagnostic(`SIMD: ${agree(await wasmAnswers({ wasm: SIMD_WASM }, files), expected)}`);
        context.diagnostic(`scalar: ${agree(await wasmAnswers({ wasm: SCALAR_WASM }, files), expected)}`);
    });
});

test('native and wasm agree on corrections', async (context) => {
    const folder = await temporaryFolder(context);
    const weights = await makePromptWeights(folder);
    const file = scanPng(600, 450);
    const image = path.join(folder, 'scan.png');
    await writeFile(image, file);
    const clicks = [{ x: 300, y: 200, inside: true }, { x: 40.5, y: 410.25, inside: true }, { x: 500, y: 100, inside: false }];
    const words = clicks.map(({ x, y, inside }) => `click=${x},${y},${inside ? 1 : 0}`);
    const [program, ...parameters] = [PROGRAM, ...PROGRAM_ARGUMENTS, weights, String(AUTO), folder, image, ...words, image];
    await execute(program, parameters);
    const [plain, expected] = await Promise.all([0, 1].map(async (index) =>
        parseAnswer(await readFile(path.join(folder, `${index}.bin`)))));
    assert.ok(plain && expected);
    assert.throws(() => agree([plain], [expected]), 'the clicks change the answer');
    for (const wasm of [RELAXED_WASM, SIMD_WASM, SCALAR_WASM]) {
        const sonomask = await Sonomask.load({ weights, wasm });
        const open = await sonomask.open(file);
        const { probabilities, probabilityMap, mask } = await open.refine({ clicks });
        const { normal, benign, malignant } = probabilities;
        context.diagnostic(agree([{ probabilities: [normal, benign, malignant], map: probabilityMap, mask }], [expected]));
        open.close();
        sonomask.dispose();
    }
});

test('SIMD, scalar and reference kernels agree in wasm', async (context) => {
    // The reference kernels are slow, so the network's input is small.
    const inputSize = 64;
    const files = [scanPng(100, 80, 1), scanPng(64, 64, 2), scanPng(70, 130, 3)];
    const expected = await wasmAnswers({ backend: 'reference', inputSize }, files);
    context.diagnostic(agree(await wasmAnswers({ backend: 'simd128', inputSize }, files), expected));
    context.diagnostic(agree(await wasmAnswers({ backend: 'scalar', wasm: SCALAR_WASM, inputSize }, files), expected));
    const wrong = expected.map((answer) => ({ ...answer, map: answer.map.map((value) => value + 2e-4) }));
    assert.throws(() => agree(wrong, expected), 'the comparison notices a difference');
});
