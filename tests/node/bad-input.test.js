/** Bad input, in this thread and to a pool: a result, or a SonomaskError with a clear code. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Sonomask, SonomaskPool } from '../../wasm/sonomask.js';
import { scan, scanPng } from './support/images.js';
import { SIMD_WASM, WEIGHTS } from './support/project.js';

const WIDTH = 40;
const HEIGHT = 30;
const PIXELS = WIDTH * HEIGHT;

/**
 * @template {{ buffer: ArrayBufferLike }} T
 * @param {T} view
 * @returns {T} the view, after its memory was transferred
 */
function detached(view) {
    structuredClone(view.buffer, { transfer: [/** @type {ArrayBuffer} */ (view.buffer)] });
    return view;
}

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array<SharedArrayBuffer>}
 */
function shared(bytes) {
    const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
    copy.set(bytes);
    return copy;
}

for (const Kind of /** @type {any[]} */ ([Sonomask, SonomaskPool]))
    describe(Kind.name, () => {
        /** Without types, as a caller in JavaScript has it. @type {any} */
        let sonomask;
        before(async () => {
            sonomask = await Kind.load({ weights: WEIGHTS, size: 1 });
        });
        after(() => sonomask.dispose());

        /**
         * @param {() => unknown} work may throw or reject
         * @param {string} code
         */
        const fails = (work, code = 'argument') =>
            assert.rejects(async () => work(), { name: 'SonomaskError', code }, String(work));

        test('inputs that are not images', async () => {
            for (const input of [undefined, null, 7, 'scan.png', () => 1, [1, 2], {}, new DataView(new ArrayBuffer(8)), shared(scanPng(9, 9)).buffer]) {
                await fails(() => sonomask.segment(input));
                await fails(() => sonomask.decode(input));
            }
            const empty = new Uint8Array();
            await fails(() => sonomask.segment(empty), 'image-empty');
        });

        test('pixels whose number does not fit their size', async () => {
            const pixels = (/** @type {unknown} */ data, width = WIDTH, height = HEIGHT) => sonomask.segment({ data, width, height });
            for (const channels of [0, 2, 5]) await fails(() => pixels(new Uint8ClampedArray(PIXELS * channels)));
            for (const length of [PIXELS - 1, PIXELS + 1, PIXELS * 4 - 4]) await fails(() => pixels(new Uint8ClampedArray(length)));
            for (const side of [0, -1, 1.5, NaN, Infinity, 1e300, null, '40']) await fails(() => pixels(new Uint8Array(PIXELS), /** @type {any} */ (side)));
            for (const data of [null, undefined, 'x', new Float32Array(PIXELS), Array(PIXELS).fill(0)]) await fails(() => pixels(data));
            await fails(() => sonomask.contours(new Uint8Array(PIXELS + 1), WIDTH, HEIGHT));
            await fails(() => sonomask.encodePng(new Uint8Array(PIXELS * 2), WIDTH, HEIGHT));
            await fails(() => sonomask.measure(new Float32Array(PIXELS), HEIGHT, HEIGHT));
            await fails(() => sonomask.measure(new Uint8Array(PIXELS), WIDTH, HEIGHT, { probabilityMap: new Float32Array(PIXELS - 1) }));
            await fails(() => sonomask.measure([0, 1], 2, 1));
        });

        test('options that are not objects', async () => {
            const image = scanPng(WIDTH, HEIGHT);
            const mask = new Uint8Array(PIXELS);
            for (const value of [NaN, -0.1, 1.1, Infinity, '0.5', null]) {
                await fails(() => sonomask.segment(image, { threshold: value }));
                await fails(() => sonomask.segment(image, { minimumArea: value }));
                await fails(() => sonomask.measure(mask, WIDTH, HEIGHT, { threshold: value }));
            }
            for (const options of [null, 3, 'fast', { signal: {} }, { signal: true }]) {
                await fails(() => sonomask.segment(image, options));
                await fails(() => sonomask.measure(mask, WIDTH, HEIGHT, options));
                await fails(() => Kind.load(options));
            }
        });

        test('transferred (detached) memory', async () => {
            await fails(() => sonomask.segment(detached(new Uint8Array(100))));
            await fails(() => sonomask.segment(detached(new Uint8Array(100)).buffer));
            await fails(() => sonomask.decode(detached(new Uint8Array(100)).buffer));
            await fails(() => sonomask.segment({ data: detached(new Uint8Array(PIXELS)), width: WIDTH, height: HEIGHT }));
            await fails(() => sonomask.contours(detached(new Uint8Array(PIXELS)), WIDTH, HEIGHT));
            await fails(() => sonomask.measure(new Uint8Array(PIXELS), WIDTH, HEIGHT, { probabilityMap: detached(new Float32Array(PIXELS)) }));
            for (const resource of [detached(new Uint8Array(100)), detached(new Uint8Array(100)).buffer]) {
                await fails(() => Kind.load({ weights: resource }));
                await fails(() => Kind.load({ wasm: resource, weights: null }));
            }
        });

        test('shared memory works', async () => {
            const image = scanPng(WIDTH, HEIGHT);
            const { mask } = await sonomask.segment(image);
            assert.deepEqual((await sonomask.segment(shared(image))).mask, mask);
            assert.deepEqual((await sonomask.segment({ data: shared(scan(WIDTH, HEIGHT)), width: WIDTH, height: HEIGHT })).mask, mask);
            const other = await Kind.load({ wasm: shared(await readFile(SIMD_WASM)), weights: shared(await readFile(WEIGHTS)), size: 1 });
            assert.deepEqual((await other.segment(image)).mask, mask);
            other.dispose();
        });

        test('calls after dispose', async () => {
            const other = await Kind.load({ weights: WEIGHTS, size: 1 });
            other.dispose();
            const mask = new Uint8Array(PIXELS);
            await fails(() => other.segment(scanPng(WIDTH, HEIGHT)), 'disposed');
            await fails(() => other.decode(scanPng(WIDTH, HEIGHT)), 'disposed');
            for (const method of ['measure', 'contours', 'encodePng']) await fails(() => other[method](mask, WIDTH, HEIGHT), 'disposed');
        });
    });
