import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Sonomask } from '../../wasm/sonomask.js';
import { scanPng } from './support/images.js';
import { ROOT, WEIGHTS } from './support/project.js';

/** @type {Sonomask} */
let sonomask;

before(async () => {
    sonomask = await Sonomask.load({ weights: WEIGHTS });
});
after(() => sonomask.dispose());

const WIDTH = 60;
const HEIGHT = 40;

/**
 * @param {(x: number, y: number) => number} value
 * @returns {Uint8Array}
 */
function draw(value) {
    return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, index) => value(index % WIDTH, Math.floor(index / WIDTH)));
}

/** A rectangle of 20 x 10 at (5, 6) with a hole of 4 x 3 at (10, 8), and a square of 5 x 5 at (40, 20). */
const SHAPES = draw((x, y) => {
    if (x >= 10 && x < 14 && y >= 8 && y < 11) return 0;
    if (x >= 5 && x < 25 && y >= 6 && y < 16) return 1;
    return x >= 40 && x < 45 && y >= 20 && y < 25 ? 1 : 0;
});

/**
 * @param {import('../../wasm/sonomask.js').Lesion[]} lesions
 * @returns {import('../../wasm/sonomask.js').Lesion[]} without what only the network gives
 */
const measuredPart = (lesions) => lesions.map((lesion) => ({ ...lesion, presence: 0, margin: 0, descriptors: null }));

test('thresholds a stored map again, with the same result as segment', async () => {
    const image = scanPng(150, 110);
    const { probabilityMap } = await sonomask.segment(image);
    for (const threshold of [0.01, 0.2, 0.5, 0.9, undefined]) {
        const expected = await sonomask.segment(image, { threshold });
        const { mask, lesions } = sonomask.measure(probabilityMap, 150, 110, { threshold });
        assert.deepEqual(mask, expected.mask);
        assert.deepEqual(lesions, measuredPart(expected.lesions));
    }
    const minimumArea = 0.03;
    const expected = await sonomask.segment(image, { threshold: 0.02, minimumArea });
    assert.deepEqual(sonomask.measure(probabilityMap, 150, 110, { threshold: 0.02, minimumArea }).lesions,
        measuredPart(expected.lesions));
});

test('measures a hand-drawn mask', () => {
    const { mask, lesions } = sonomask.measure(SHAPES, WIDTH, HEIGHT);
    assert.deepEqual(mask, SHAPES.map((value) => value * 255));
    assert.equal(lesions.length, 2);
    const [large, small] = lesions;
    assert.ok(large && small);
    assert.equal(large.area, 200 - 12);
    assert.deepEqual(large.bbox, { x: 5, y: 6, width: 20, height: 10 });
    assert.equal(small.area, 25);
    assert.deepEqual(small.bbox, { x: 40, y: 20, width: 5, height: 5 });
    assert.deepEqual(small.centroid, { x: 42.5, y: 22.5 });
    assert.equal(small.meanProbability, 0);
    for (const lesion of lesions) {
        const [from, to] = lesion.longAxisEnds;
        assert.ok(Math.abs(Math.hypot(to.x - from.x, to.y - from.y) - lesion.longAxis) < 1e-3);
        assert.ok(lesion.shortAxis > 0 && lesion.shortAxis <= lesion.longAxis);
        assert.ok(lesion.circularity > 0 && lesion.circularity <= 1);
        assert.ok(Math.abs(lesion.orientation) <= Math.PI / 2 + 1e-6);
        assert.ok(lesion.perimeter > 2 * lesion.longAxis);
    }
    assert.ok(large.longAxis > 20 && large.longAxis < 23);
});

test('the mean probability of an edited mask comes from the given map', () => {
    const probabilityMap = Float32Array.from(SHAPES, (_, index) => (index % WIDTH < 30 ? 0.75 : 0.25));
    const { lesions } = sonomask.measure(SHAPES, WIDTH, HEIGHT, { probabilityMap });
    assert.deepEqual(lesions.map((lesion) => lesion.meanProbability), [0.75, 0.25]);
});

test('every outline of an answer is described, and an edited mask with its image alike', async () => {
    const file = await readFile(path.join(ROOT, 'web/samples/phantom-1.png'));
    const { data, width, height } = await sonomask.decode(file);
    const image = { data, width, height };
    const { mask, lesions, regions } = await sonomask.segment(file);
    const [lesion] = lesions;
    assert.ok(lesion?.descriptors);
    const { descriptors, bbox } = lesion;
    assert.equal(descriptors.shape, 'oval');
    assert.equal(descriptors.orientation, 'parallel');
    assert.equal(descriptors.margin, 'circumscribed');
    assert.deepEqual(descriptors.marginSigns, []);
    assert.equal(descriptors.echo, 'hypoechoic');
    assert.deepEqual([descriptors.width, descriptors.height], [bbox.width, bbox.height]);
    assert.deepEqual(sonomask.measure(mask, width, height, { image, regions }).lesions[0]?.descriptors, descriptors);
    assert.deepEqual(sonomask.measure(mask, width, height, { image }).lesions[0]?.descriptors, descriptors);

    // A part of the image: up to its top, and on the other sides as far as documented.
    const around = Math.max(bbox.width, bbox.height) + 4;
    const left = Math.max(bbox.x - around, 0);
    const right = Math.min(bbox.x + bbox.width + around, width);
    const bottom = Math.min(bbox.y + bbox.height + around, height);
    const cut = (/** @type {Uint8Array | Uint8ClampedArray} */ pixels, /** @type {number} */ values) => Uint8Array.from({ length: (right - left) * bottom * values }, (_, index) => {
        const pixel = Math.floor(index / values);
        const [x, y] = [left + (pixel % (right - left)), Math.floor(pixel / (right - left))];
        return pixels[(y * width + x) * values + (index % values)] ?? 0;
    });
    const size = { width: right - left, height: bottom };
    const part = { data: cut(data, data.length / (width * height)), ...size };
    const measured = sonomask.measure(cut(mask, 1), size.width, size.height, { image: part });
    assert.deepEqual(measured.lesions[0]?.descriptors, descriptors);
});

test('depth is counted from the top of the region that holds the lesion', () => {
    const image = { data: new Uint8Array(WIDTH * HEIGHT).fill(90), width: WIDTH, height: HEIGHT };
    const depths = (/** @type {import('../../wasm/sonomask.js').Rectangle[]} */ regions) =>
        sonomask.measure(SHAPES, WIDTH, HEIGHT, { image, regions }).lesions.map((lesion) => Math.round(lesion.descriptors?.depth ?? NaN));
    assert.deepEqual(depths([{ x: 0, y: 0, width: WIDTH, height: HEIGHT }]), [6, 20]);
    assert.deepEqual(depths([{ x: 0, y: 0, width: 30, height: HEIGHT }, { x: 35, y: 12, width: 20, height: 20 }]), [6, 8]);
    // A lesion beyond its region, and one in none.
    assert.deepEqual(depths([{ x: 8, y: 3, width: 12, height: 20 }]), [3, 20]);
});

test('drops small components of a mask only on request', () => {
    const minimumArea = 30 / (WIDTH * HEIGHT);
    const { mask, lesions } = sonomask.measure(SHAPES, WIDTH, HEIGHT, { minimumArea });
    assert.equal(lesions.length, 1);
    assert.equal(mask[22 * WIDTH + 42], 0);
});

test('an empty mask has no lesion and no outline', () => {
    const empty = new Uint8Array(WIDTH * HEIGHT);
    assert.deepEqual(sonomask.measure(empty, WIDTH, HEIGHT), { mask: empty, lesions: [] });
    assert.deepEqual(sonomask.contours(empty, WIDTH, HEIGHT), []);
});

test('outlines follow pixel corners; holes run in the opposite direction', () => {
    const contours = sonomask.contours(SHAPES, WIDTH, HEIGHT);
    /** @param {Float32Array} points @returns {number} signed, positive when clockwise on the screen */
    const area = (points) => {
        let sum = 0;
        for (let i = 0; i < points.length; i += 2) {
            const j = (i + 2) % points.length;
            sum += (points[i] ?? 0) * (points[j + 1] ?? 0) - (points[j] ?? 0) * (points[i + 1] ?? 0);
        }
        return sum / 2;
    };
    const found = contours.map(({ points, isHole }) => [isHole, area(points), points.length / 2]);
    found.sort((one, other) => Number(one[1]) - Number(other[1]));
    assert.deepEqual(found, [[true, -12, 4], [false, 25, 4], [false, 200, 4]]);
});

test('a mask written as PNG and read again is unchanged', async () => {
    const mask = SHAPES.map((value) => value * 255);
    const file = sonomask.encodePng(mask, WIDTH, HEIGHT);
    assert.deepEqual([...file.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    assert.deepEqual([file[24], file[25]], [8, 0], '8-bit grey');
    const decoded = await sonomask.decode(file);
    assert.deepEqual([decoded.width, decoded.height, decoded.channels], [WIDTH, HEIGHT, 1]);
    assert.deepEqual(Uint8Array.from(decoded.data), mask);

    const colour = Uint8ClampedArray.from({ length: 3 * 2 * 4 }, (_, index) => index * 9);
    const picture = await sonomask.decode(sonomask.encodePng(colour, 3, 2));
    assert.deepEqual(picture, { data: colour, width: 3, height: 2, channels: 4 });
    const rgb = await sonomask.decode(sonomask.encodePng(Uint8Array.from({ length: 18 }, (_, index) => index), 3, 2));
    assert.deepEqual([...rgb.data.subarray(0, 8)], [0, 1, 2, 255, 3, 4, 5, 255], 'RGB is shown as RGBA');
});

test('refuses inputs that do not match each other', () => {
    const map = new Float32Array(WIDTH * HEIGHT);
    /** @param {() => unknown} work @param {string} [code] */
    const refuses = (work, code = 'argument') => assert.throws(work, { name: 'SonomaskError', code });
    refuses(() => sonomask.measure(map, WIDTH, HEIGHT - 1));
    refuses(() => sonomask.measure(map, WIDTH, HEIGHT, { threshold: NaN }));
    refuses(() => sonomask.measure(map, WIDTH, HEIGHT, { minimumArea: -1 }));
    refuses(() => sonomask.measure(map, WIDTH, HEIGHT, { probabilityMap: map }));
    refuses(() => sonomask.measure(SHAPES, WIDTH, HEIGHT, { probabilityMap: new Float32Array(3) }));
    refuses(() => sonomask.measure(SHAPES, WIDTH, HEIGHT, { image: { data: new Uint8Array(6), width: 3, height: 2 } }));
    const image = { data: new Uint8Array(WIDTH * HEIGHT), width: WIDTH, height: HEIGHT };
    refuses(() => sonomask.measure(SHAPES, WIDTH, HEIGHT, { image: { ...image, data: new Uint8Array(7) } }));
    refuses(() => sonomask.measure(SHAPES, WIDTH, HEIGHT, { image: /** @type {any} */ (SHAPES) }));
    refuses(() => sonomask.measure(SHAPES, WIDTH, HEIGHT, { image, regions: [{ x: 0.5, y: 0, width: 9, height: 9 }] }));
    refuses(() => sonomask.measure(SHAPES, WIDTH, HEIGHT, { image, regions: [{ x: 0, y: 0, width: WIDTH + 1, height: 30 }] }));
    refuses(() => sonomask.measure(/** @type {any} */ ([0, 1]), 2, 1));
    refuses(() => sonomask.contours(SHAPES, WIDTH + 1, HEIGHT));
    refuses(() => sonomask.contours(/** @type {any} */ (map), WIDTH, HEIGHT));
    refuses(() => sonomask.encodePng(new Uint8Array(10), 3, 2));
    refuses(() => sonomask.encodePng(/** @type {any} */ (null), 3, 2));
    refuses(() => sonomask.encodePng(new Uint8Array(5), 5, 1), 'image-too-small');
});
