import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Sonomask, SonomaskError } from '../../wasm/sonomask.js';
import { GREY, GREY_ALPHA, PALETTE, RGB, RGBA, jpeg, png, scan, scanPng, withSize } from './support/images.js';
import { WEIGHTS } from './support/project.js';

/** @type {Sonomask} */
let sonomask;

before(async () => {
    sonomask = await Sonomask.load({ weights: WEIGHTS });
});
after(() => sonomask.dispose());

/**
 * @param {Promise<unknown>} promise
 * @param {string} code
 * @param {RegExp} message
 */
async function fails(promise, code, message) {
    await assert.rejects(promise, (error) => {
        assert.ok(error instanceof SonomaskError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
    });
}

describe('segment', () => {
    test('returns maps of the image\'s own size, a type and measured lesions', async () => {
        const result = await sonomask.segment(scanPng(211, 157), { threshold: 0.1, minimumArea: 0 });
        const pixels = 211 * 157;
        assert.deepEqual([result.width, result.height], [211, 157]);
        assert.equal(result.mask.length, pixels);
        assert.equal(result.probabilityMap.length, pixels);
        assert.ok(result.mask.every((value) => value === 0 || value === 255));
        assert.ok(result.probabilityMap.every((value) => value >= 0 && value <= 1));
        const { normal, benign, malignant } = result.probabilities;
        assert.ok(Math.abs(normal + benign + malignant - 1) < 1e-5);
        assert.equal(result.probabilities[result.type], Math.max(normal, benign, malignant));
        assert.ok(result.milliseconds > 0);
        let masked = 0;
        for (const value of result.mask) if (value) masked++;
        assert.equal(result.lesions.reduce((sum, lesion) => sum + lesion.area, 0), masked);
        for (const [index, lesion] of result.lesions.entries()) {
            const { x, y, width, height } = lesion.bbox;
            assert.ok(x >= 0 && y >= 0 && x + width <= 211 && y + height <= 157);
            assert.ok(lesion.area <= (result.lesions[index - 1]?.area ?? Infinity), 'largest first');
            assert.ok(lesion.centroid.x >= x && lesion.centroid.x <= x + width);
            assert.ok(lesion.meanProbability >= 0.1 && lesion.meanProbability <= 1);
        }
    });

    test('the mask is the map at the threshold', async () => {
        const image = scanPng(100, 80);
        const { probabilityMap } = await sonomask.segment(image);
        for (const threshold of [0, 0.02, 0.5, 1]) {
            const { mask } = await sonomask.segment(image, { threshold, minimumArea: 0 });
            const cut = Math.fround(threshold);
            assert.deepEqual(mask, Uint8Array.from(probabilityMap, (value) => (value >= cut ? 255 : 0)));
        }
    });

    test('without the map the answer is the same', async () => {
        const image = scanPng(100, 80);
        const { probabilityMap, milliseconds: _, ...whole } = await sonomask.segment(image);
        const { probabilityMap: none, milliseconds: __, ...outlines } = await sonomask.segment(image, { map: false });
        assert.ok(probabilityMap.length > 0);
        assert.equal(none.length, 0);
        assert.deepEqual(outlines, whole);
    });

    test('drops lesions below the minimum area', async () => {
        const image = scanPng(100, 80);
        const all = await sonomask.segment(image, { threshold: 0, minimumArea: 0 });
        assert.deepEqual(all.lesions.map((lesion) => lesion.area), [8000]);
        const { probabilityMap } = all;
        const half = probabilityMap.slice().sort()[4000] ?? 0;
        const some = await sonomask.segment(image, { threshold: half, minimumArea: 0.02 });
        assert.ok(some.lesions.every((lesion) => lesion.area >= 160));
    });

    test('gives the same answer for a file, a Blob, and its grey, RGB or RGBA pixels', async () => {
        const data = scan(90, 70);
        const rgb = Uint8Array.from({ length: 90 * 70 * 3 }, (_, index) => data[Math.floor(index / 3)] ?? 0);
        const rgba = Uint8ClampedArray.from({ length: 90 * 70 * 4 }, (_, index) =>
            index % 4 === 3 ? 255 : data[index >> 2] ?? 0);
        const file = png({ width: 90, height: 70, data });
        const expected = await sonomask.segment(file);
        const inputs = [
            new Uint8Array(file).buffer,
            new Blob([file]),
            { data, width: 90, height: 70 },
            { data: rgb, width: 90, height: 70 },
            { data: rgba, width: 90, height: 70 },
        ];
        for (const input of inputs) {
            const result = await sonomask.segment(input);
            assert.deepEqual(result.probabilityMap, expected.probabilityMap);
            assert.deepEqual(result.lesions, expected.lesions);
        }
    });

    test('repeated and overlapping calls give the same bits', async () => {
        const images = [scanPng(64, 64, 1), scanPng(90, 50, 2), scanPng(33, 77, 3)];
        const first = [];
        for (const image of images) first.push(await sonomask.segment(image));
        const again = await Promise.all([...images, ...images].map((image) => sonomask.segment(image)));
        for (const [index, result] of again.entries())
            assert.deepEqual(result.probabilityMap, first[index % 3]?.probabilityMap);
    });

    test('flip averaging is the mean over the image and its mirror image', async () => {
        const data = scan(80, 80);
        const mirrored = data.map((_, index) => data[index - (index % 80) + 79 - (index % 80)] ?? 0);
        const options = { flipAverage: true };
        const one = await sonomask.segment({ data, width: 80, height: 80 }, options);
        const other = await sonomask.segment({ data: mirrored, width: 80, height: 80 }, options);
        for (const name of /** @type {const} */ (['normal', 'benign', 'malignant']))
            assert.ok(Math.abs(one.probabilities[name] - other.probabilities[name]) < 1e-4);
        const worst = one.probabilityMap.reduce((most, value, index) =>
            Math.max(most, Math.abs(value - (other.probabilityMap[index - (index % 80) + 79 - (index % 80)] ?? 0))), 0);
        assert.ok(worst < 1e-3, `the average of an image and of its mirror image agree (worst ${worst})`);
    });

    test('stops when the signal is aborted', async () => {
        await fails(sonomask.segment(scanPng(20, 20), { signal: AbortSignal.abort() }), 'aborted', /stopped/);
        const controller = new AbortController();
        const promise = sonomask.segment(new Blob([scanPng(20, 20)]), { signal: controller.signal });
        controller.abort('enough');
        await assert.rejects(promise, { code: 'aborted', cause: 'enough' });
    });

    test('refuses invalid images and options', async () => {
        const image = scanPng(20, 20);
        /** @param {any} value */
        const input = (value) => sonomask.segment(value);
        await fails(input(undefined), 'argument', /expected/);
        await fails(input('scan.png'), 'argument', /expected/);
        await fails(input({ data: [1, 2, 3, 4], width: 2, height: 2 }), 'argument', /Uint8Array/);
        await fails(input({ data: new Uint8Array(5), width: 2, height: 2 }), 'argument', /5 values are not 2 x 2/);
        await fails(input({ data: new Uint8Array(8), width: 2, height: 2 }), 'argument', /8 values/);
        await fails(input({ data: new Uint8Array(0), width: 0, height: 2 }), 'argument', /width and height/);
        await fails(input({ data: new Uint8Array(4), width: NaN, height: 2 }), 'argument', /width and height/);
        await fails(input({ data: new Uint8Array(4), width: -2, height: -2 }), 'argument', /width and height/);
        for (const threshold of [-0.1, 1.1, NaN, Infinity, /** @type {any} */ ('0.5'), null])
            await fails(sonomask.segment(image, { threshold }), 'argument', /threshold must be a number from 0 to 1/);
        await fails(sonomask.segment(image, { minimumArea: 2 }), 'argument', /minimumArea/);
        assert.equal((await sonomask.segment(image)).width, 20, 'and works afterwards');
    });

    test('after dispose every call fails with "disposed"', async () => {
        const other = await Sonomask.load({ weights: WEIGHTS });
        other.dispose();
        other.dispose();
        await fails(other.segment(scanPng(20, 20)), 'disposed', /disposed/);
        await fails(other.decode(scanPng(20, 20)), 'disposed', /disposed/);
        assert.throws(() => other.contours(new Uint8Array(4), 2, 2), { code: 'disposed' });
        assert.throws(() => other.measure(new Uint8Array(4), 2, 2), { code: 'disposed' });
        assert.throws(() => other.encodePng(new Uint8Array(4), 2, 2), { code: 'disposed' });
        assert.equal(other.memoryBytes, 0);
    });
});

describe('images', () => {
    const data = scan(24, 18);

    test('16-bit, palette, alpha and CMYK images decode to the colours that viewers show', async () => {
        const wide = new Uint8Array(data.length * 2);
        data.forEach((value, index) => wide.set([value, value], 2 * index));
        const palette = Uint8Array.from({ length: 768 }, (_, index) => 255 - Math.floor(index / 3));
        const opaque = Uint8Array.from({ length: data.length * 4 }, (_, index) =>
            index % 4 === 3 ? 255 : data[index >> 2] ?? 0);
        const half = Uint8Array.from({ length: data.length * 4 }, (_, index) =>
            index % 4 === 3 ? (index >> 2) % 256 : 200);
        const rgb = Uint8Array.from({ length: data.length * 3 }, (_, index) => data[Math.floor(index / 3)] ?? 0);
        const greyAlpha = Uint8Array.from({ length: data.length * 2 }, (_, index) =>
            index % 2 ? 255 : data[index >> 1] ?? 0);
        const size = { width: 24, height: 18 };
        /** @param {Uint8Array} file */
        const grey = async (file) => {
            const image = await sonomask.decode(file);
            assert.deepEqual([image.width, image.height], [24, 18]);
            if (image.channels === 1) return Uint8Array.from(image.data);
            return Uint8Array.from({ length: data.length }, (_, index) => image.data[4 * index] ?? 0);
        };
        assert.deepEqual(await grey(png({ ...size, data })), data);
        assert.deepEqual(await grey(png({ ...size, colour: GREY, depth: 16, data: wide })), data);
        assert.deepEqual(await grey(png({ ...size, colour: RGB, data: rgb })), data);
        assert.deepEqual(await grey(png({ ...size, colour: RGBA, data: opaque })), data);
        assert.deepEqual(await grey(png({ ...size, colour: GREY_ALPHA, data: greyAlpha })), data);
        assert.deepEqual(await grey(png({ ...size, colour: PALETTE, palette, data: data.map((value) => 255 - value) })),
            data);

        const transparent = await sonomask.segment(png({ ...size, colour: RGBA, data: half }));
        const overBlack = data.map((_, index) => Math.round((200 * (index % 256)) / 255));
        const shown = await sonomask.segment({ ...size, data: overBlack });
        const worst = shown.probabilityMap.reduce((most, value, index) =>
            Math.max(most, Math.abs(value - (transparent.probabilityMap[index] ?? 0))), 0);
        assert.ok(worst < 0.02, `transparency is laid over black (worst ${worst})`);

        const steps = await sonomask.decode(jpeg({ width: 32, height: 16, value: (x) => x * 4 + 40 }));
        assert.equal(steps.channels, 1);
        for (const [x, expected] of [[4, 40], [12, 72], [20, 104], [28, 136]])
            assert.ok(Math.abs((steps.data[/** @type {number} */ (x)] ?? 0) - /** @type {number} */ (expected)) <= 1);
        // Adobe stores inks inverted: 255 is none, so full black ink is component 3 at 0.
        const cmyk = await sonomask.decode(jpeg({ width: 16, height: 8, components: 4, value: (x, _, component) =>
            (component === 3 ? (x ? 0 : 255) : 255) }));
        assert.equal(cmyk.channels, 4);
        assert.ok((cmyk.data[4 * 4] ?? 0) > 250 && (cmyk.data[4 * 12] ?? 255) < 5);
    });

    test('a bad file gives one line with the reason, and the next image works', async () => {
        const good = scanPng(40, 30);
        const photo = jpeg({ width: 64, height: 64, value: (x, y) => x + y });
        /** @type {[Uint8Array, string, RegExp][]} */
        const cases = [
            [new Uint8Array(), 'image-empty', /./],
            [Buffer.from('patient, left breast, 3 o\'clock'), 'image-format', /./],
            [Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 'image-format', /./],
            [good.subarray(0, good.length / 2), 'image-format', /./],
            [good.subarray(0, 40), 'image-format', /./],
            [photo.subarray(0, 100), 'image-format', /./],
            [png({ width: 1, height: 1, data: Uint8Array.of(9) }), 'image-too-small', /1/],
            [png({ width: 1, height: 5000, data: new Uint8Array(5000) }), 'image-too-small', /1/],
            [withSize(good, 8001, 8000), 'image-too-large', /8001/],
            [withSize(good, 0x7fffffff, 0x7fffffff), 'image-too-large', /./],
            [withSize(good, 0, 30), 'image-format', /./],
        ];
        for (const [bytes, code, message] of cases) {
            await fails(sonomask.segment(bytes), code, message);
            await fails(sonomask.decode(bytes), code, message);
        }
        assert.equal((await sonomask.segment(good)).width, 40);
    });

    test('long, thin images work', async () => {
        for (const [width, height] of [[2, 2], [2, 700], [900, 3]]) {
            const size = { width: /** @type {number} */ (width), height: /** @type {number} */ (height) };
            const result = await sonomask.segment({ ...size, data: scan(size.width, size.height) });
            assert.equal(result.mask.length, size.width * size.height);
        }
    });

    test('randomly damaged files never trap and do not affect the next call', async () => {
        const files = [scanPng(40, 30), jpeg({ width: 40, height: 32, value: (x, y) => 3 * x + y })];
        const expected = await sonomask.segment(scanPng(40, 30));
        let state = 7;
        const random = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8;
        for (let round = 0; round < 300; round++) {
            const bytes = Buffer.from(files[round % 2] ?? []);
            for (let hits = 1 + (random() % 6); hits > 0; hits--) bytes[random() % bytes.length] = random() & 255;
            try {
                await sonomask.decode(bytes.subarray(0, random() % 3 ? bytes.length : random() % bytes.length));
            } catch (error) {
                assert.ok(error instanceof SonomaskError);
                assert.match(error.code, /^image-|^memory$/, error.message);
            }
        }
        const { probabilityMap } = await sonomask.segment(scanPng(40, 30));
        assert.deepEqual(probabilityMap, expected.probabilityMap);
    });

    test('the memory of a large image is released', async () => {
        const one = await Sonomask.load({ weights: WEIGHTS });
        const loaded = one.memoryBytes;
        const black = new Uint8Array(7000 * 6000);
        const result = await one.segment({ data: black, width: 7000, height: 6000 });
        assert.equal(result.mask.length, black.length);
        assert.equal((await one.segment(scanPng(40, 30))).width, 40);
        assert.ok(one.memoryBytes < loaded + (8 << 20), `${one.memoryBytes} bytes after, ${loaded} before`);
        one.dispose();
    });
});

