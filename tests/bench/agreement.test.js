/** The exported networks give the same probabilities in other engines, with trained and with random weights. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Sonomask } from '../../wasm/sonomask.js';
import { create as createOnnxruntimeWeb } from './engines/onnxruntime_web.js';
import { create as createOurs } from './engines/sonomask.js';
import { create as createTfjs } from './engines/tfjs_wasm.js';
import { makeImage } from './lib/image.js';
import { quantise } from './lib/int8.js';
import { readOnnx } from './lib/onnx.js';
import { difference } from './lib/pairs.js';
import { SONOMASK, run } from './lib/project.js';

const TOLERANCE = 1e-3;
const EIGHT_BIT_TOLERANCE = 0.05;

const NETWORKS = [
    { name: 'trained', source: [], size: 0 },
    { name: 'unet16', source: ['--net', 'unet16', '--seed', '7', '--size', '64'], size: 64 },
    { name: 'sonomask', source: ['--net', 'sonomask', '--seed', '3', '--size', '96'], size: 96 },
    { name: 'sonomask2', source: ['--net', 'sonomask2', '--seed', '5', '--size', '96'], size: 96 },
];

describe('an exported network', () => {
    /** @type {string} */
    let folder;
    const read = (/** @type {string} */ name) => readFile(path.join(folder, name));
    before(async () => {
        folder = await mkdtemp(path.join(tmpdir(), 'sonomask-bench-'));
        for (const { name, source } of NETWORKS)
            await run(SONOMASK, ['export', '--onnx', path.join(folder, `${name}.onnx`), '--weights',
                path.join(folder, `${name}.safetensors`), ...source]);
    });
    after(() => rm(folder, { recursive: true, force: true }));

    for (const { name } of NETWORKS) {
        test(`${name}: onnxruntime and TensorFlow.js give the same answers`, async context => {
            const graph = readOnnx(await read(`${name}.onnx`));
            const [, , , side = 0] = graph.inputs[0]?.shape ?? [];
            const ours = await createOurs(read, { network: name });
            const { default: ort } = await import('onnxruntime-node');
            const native = await ort.InferenceSession.create(await read(`${name}.onnx`));
            /** @type {import('./lib/pairs.js').Engine} */
            const onnxruntimeNode = {
                async run(image) {
                    const answer = await native.run({ image: new ort.Tensor('float32', image, [1, 1, side, side]) });
                    return { mask: /** @type {Float32Array} */ (answer['mask']?.data), type: /** @type {Float32Array} */ (answer['type']?.data) };
                },
            };
            const engines = {
                'onnxruntime-node': onnxruntimeNode,
                'onnxruntime-web': await createOnnxruntimeWeb(read, { file: `${name}.onnx` }),
                'tfjs-backend-wasm': await createTfjs(read, { file: `${name}.onnx` }),
            };
            for (const seed of [1, 2]) {
                const image = makeImage(side, seed);
                const expected = ours.run(image);
                const { mask, type } = await expected;
                for (const [engine, peer] of Object.entries(engines)) {
                    const answer = await peer.run(image);
                    const worst = Math.max(difference(answer.mask, mask), difference(answer.type, type));
                    context.diagnostic(`${engine}, image ${seed}: differs by ${worst.toExponential(1)}`);
                    assert.ok(worst <= TOLERANCE, `${engine} differs by ${worst}`);
                }
            }
        });
    }

    test('onnxruntime answers several images at once as one by one', async () => {
        const { default: ort } = await import('onnxruntime-node');
        const session = await ort.InferenceSession.create(await read('sonomask2.onnx'));
        const images = [1, 2, 3].map(seed => makeImage(96, seed));
        const batch = new Float32Array(images.flatMap(image => [...image]));
        const together = await session.run({ image: new ort.Tensor('float32', batch, [3, 1, 96, 96]) });
        assert.deepEqual(together['mask']?.dims, [3, 1, 96, 96]);
        assert.deepEqual(together['type']?.dims, [3, 3]);
        const masks = /** @type {Float32Array} */ (together['mask']?.data);
        const types = /** @type {Float32Array} */ (together['type']?.data);
        const ours = await createOurs(read, { network: 'sonomask2' });
        for (const [index, image] of images.entries()) {
            const { mask, type } = await ours.run(image);
            assert.ok(difference(masks.slice(index * mask.length, (index + 1) * mask.length), mask) <= TOLERANCE);
            assert.ok(difference(types.slice(3 * index, 3 * index + 3), type) <= TOLERANCE);
        }
    });

    test('onnxruntime follows clicks and a box as we do', async context => {
        const { default: ort } = await import('onnxruntime-node');
        const side = 96;
        await run(SONOMASK, ['export', '--net', 'sonomask2', '--seed', '5', '--size', `${side}`, '--prompts', '--onnx',
            path.join(folder, 'prompts.onnx')]);
        await run(SONOMASK, ['export', '--prompts', '--size', `${side}`, '--onnx', path.join(folder, 'trained-prompts.onnx')]);
        const none = [0, 0, 0, 0];
        /** Clicks near and beyond a border, overlapping ones, both kinds, a box alone and with a click, and nothing. */
        const cases = [
            { clicks: [], box: none },
            { clicks: [[40.25, 50.5, 1]], box: none },
            { clicks: [[40.25, 50.5, 1], [46, 53.75, 1], [80, 20, 0], [0, 95.5, 0]], box: none },
            { clicks: [[70, 10, 0]], box: none },
            { clicks: [], box: [20.5, 30, 61.25, 70.75] },
            { clicks: [[30, 40, 1]], box: [20.5, 30, 61.25, 70.75] },
        ];
        for (const [file, weights] of [['prompts', 'sonomask2'], ['trained-prompts', 'trained']]) {
            const session = await ort.InferenceSession.create(await read(`${file}.onnx`));
            const ours = await Sonomask.load({ weights: await read(`${weights}.safetensors`), inputSize: side });
            /** @param {number[][]} chosen places in `cases`, one list per batch */
            const compare = async chosen => {
                for (const places of chosen) {
                    /** @param {number} place */
                    const imageOf = place => Uint8Array.from(makeImage(side, place + 1), v => (v + 1) * 127.5);
                    const most = Math.max(1, ...places.map(place => cases[place]?.clicks.length ?? 0));
                    const clicks = places.flatMap(place => {
                        const own = cases[place]?.clicks ?? [];
                        return [...own, ...Array.from({ length: most - own.length }, () => [0, 0, -1])].flat();
                    });
                    const answer = await session.run({
                        image: new ort.Tensor('float32', Float32Array.from(places.flatMap(place => [...imageOf(place)]), v => v / 127.5 - 1),
                            [places.length, 1, side, side]),
                        clicks: new ort.Tensor('float32', Float32Array.from(clicks), [places.length, most, 3]),
                        box: new ort.Tensor('float32', Float32Array.from(places.flatMap(place => cases[place]?.box ?? none)),
                            [places.length, 1, 4]),
                    });
                    const masks = /** @type {Float32Array} */ (answer['mask']?.data);
                    const types = /** @type {Float32Array} */ (answer['type']?.data);
                    for (const [index, place] of places.entries()) {
                        const { clicks: own, box: [left = 0, top = 0, right = 0, bottom = 0] } = cases[place] ?? { clicks: [], box: none };
                        const image = await ours.open({ data: imageOf(place), width: side, height: side });
                        const expected = own.length === 0 && right === 0 ? await image.segment({ regions: 'whole' }) : await image.refine({
                            clicks: own.map(([x = 0, y = 0, kind]) => ({ x, y, inside: kind === 1 })),
                            ...(right > 0 && { box: { x: left, y: top, width: right - left, height: bottom - top } }),
                        }, { regions: 'whole' });
                        image.close();
                        const found = masks.slice(index * side * side, (index + 1) * side * side);
                        const { normal, benign, malignant } = expected.probabilities;
                        const worst = Math.max(difference(found, expected.probabilityMap),
                            difference(types.slice(3 * index, 3 * index + 3), Float32Array.of(normal, benign, malignant)));
                        context.diagnostic(`${weights}, batch ${places.length}, case ${place}: differs by ${worst.toExponential(1)}`);
                        assert.ok(worst <= TOLERANCE, `${weights}, case ${place}: differs by ${worst}`);
                    }
                }
            };
            await compare([...cases.map((_, place) => [place]), [2, 0, 4], [5, 3, 1]]);
            ours.dispose();
        }
    });

    test('the 8-bit version gives nearly the same answers', async context => {
        const { default: ort } = await import('onnxruntime-node');
        const graph = readOnnx(await read('unet16.onnx'));
        const bytes = await quantise(graph, [makeImage(64, 2), makeImage(64, 3)], ort);
        const peer = await createOnnxruntimeWeb(async () => bytes, { file: '' });
        const ours = await createOurs(read, { network: 'unet16' });
        const image = makeImage(64);
        const [expected, answer] = [await ours.run(image), await peer.run(image)];
        const worst = Math.max(difference(answer.mask, expected.mask), difference(answer.type, expected.type));
        context.diagnostic(`differs by ${worst.toExponential(1)}`);
        assert.ok(worst > 0 && worst <= EIGHT_BIT_TOLERANCE, `differs by ${worst}`);
    });
});
