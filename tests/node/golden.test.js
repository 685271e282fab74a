/** The shipped weights give the answers that are committed in tests/golden: natively and in both wasm modules. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';

import { Sonomask } from '../../wasm/sonomask.js';
import { asAnswer, differences, readGolden } from '../golden/golden.js';
import { programDifferences } from '../golden/program.js';
import { BUILD, RELAXED_WASM, ROOT, SCALAR_WASM, SIMD_WASM, execute, temporaryFolder } from './support/project.js';

const SHIPPED = path.join(ROOT, 'weights/sonomask.safetensors');
const golden = readGolden();

describe('golden answers', () => {
    test('the file belongs to the committed weights', async () => {
        const bytes = await readFile(SHIPPED);
        assert.equal(createHash('sha256').update(bytes).digest('hex'), golden.weights_sha256,
            'the weights changed: see tests/golden/update.js');
    });

    test('native program', async () => {
        assert.deepEqual(await programDifferences(path.join(BUILD, 'sonomask'), ['--model', SHIPPED]), []);
    });

    test('native library with each set of kernels', async (context) => {
        const images = Object.keys(golden.answers);
        const files = images.map((image) => path.join(ROOT, image));
        for (const backend of [2, 3, 4, 5]) { // sm_backend: scalar, simd128, AVX2, AVX-512
            const folder = await temporaryFolder(context);
            try {
                await execute(path.join(BUILD, 'tests/native_probabilities'),
                    [SHIPPED, String(backend), folder, ...files]);
            } catch (error) {
                assert.match(String(error), /lacks the kernels/);
                continue;
            }
            for (const [index, image] of images.entries()) {
                const file = await readFile(path.join(folder, `${index}.bin`));
                const values = Object.values(golden.answers[image]?.probabilities ?? {});
                for (const [type, value] of values.entries()) {
                    const difference = Math.abs(file.readFloatLE(12 + 4 * type) - value);
                    assert.ok(difference <= golden.tolerances.probability, `${image}, backend ${backend}`);
                }
            }
        }
    });

    for (const [name, wasm] of [['relaxed SIMD', RELAXED_WASM], ['SIMD', SIMD_WASM], ['scalar', SCALAR_WASM]]) {
        test(`${name} module`, async () => {
            const sonomask = await Sonomask.load({ weights: SHIPPED, wasm });
            const { threshold, temperature, minimumArea, expectedDicePower } = sonomask.info;
            const { settings } = golden;
            assert.equal(threshold, Math.fround(settings.threshold));
            assert.equal(temperature, Math.fround(settings.temperature));
            assert.equal(minimumArea, Math.fround(settings.minimum_area));
            assert.equal(expectedDicePower, Math.fround(settings.expected_dice_power));
            for (const image of Object.keys(golden.answers)) {
                const result = await sonomask.segment(await readFile(path.join(ROOT, image)));
                assert.deepEqual(differences(golden, image, asAnswer(result)), []);
            }
            for (const [image, { clicks }] of Object.entries(golden.corrections)) {
                const opened = await sonomask.open(await readFile(path.join(ROOT, image)));
                await opened.segment();
                const result = await opened.refine({ clicks });
                assert.deepEqual(differences(golden, image, asAnswer(result), 'corrections'), []);
            }
            sonomask.dispose();
        });
    }
});
