/** The edits of a mask, without a browser: removed outlines, shapes, polygons, undo. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ADD, Edits, ERASE } from '../../web/edit/edits.js';
import { shape, stepOf } from '../../web/edit/morphology.js';
import { nearestSide, rasterise, simplify } from '../../web/edit/polygon.js';
import { boundsOf } from '../../web/edit/region.js';
import { applyRemoval } from '../../web/edit/removal.js';
import { boundsOfRuns, decodeRuns, encodeRuns } from '../../web/edit/runs.js';

const WIDTH = 60;
const HEIGHT = 40;

/**
 * @param {(x: number, y: number) => boolean} inside
 * @returns {Uint8Array}
 */
function maskOf(inside) {
    return new Uint8Array(WIDTH * HEIGHT).map((_, index) => (inside(index % WIDTH, Math.floor(index / WIDTH)) ? 255 : 0));
}

/**
 * @param {number} centreX
 * @param {number} radius
 * @returns {(x: number, y: number) => boolean}
 */
const disc = (centreX, radius) => (x, y) => Math.hypot(x - centreX, y - 20) <= radius;

/** @param {Uint8Array} mask */
const areaOf = mask => mask.reduce((sum, value) => sum + (value ? 1 : 0), 0);

const none = new Uint8Array(WIDTH * HEIGHT);

describe('removed outlines', () => {
    test('stay removed when a lower threshold makes them larger, and the others stay', () => {
        const edits = new Edits(WIDTH, HEIGHT);
        edits.begin();
        edits.remove(maskOf(disc(15, 6)), maskOf(disc(45, 6)));
        edits.commit();
        assert.ok(edits.any && edits.removal);
        const lower = maskOf((x, y) => disc(15, 9)(x, y) || disc(45, 9)(x, y));
        assert.deepEqual(applyRemoval(lower, WIDTH, HEIGHT, edits.removal), maskOf(disc(45, 9)));
        const higher = maskOf((x, y) => disc(15, 2)(x, y) || disc(45, 2)(x, y));
        assert.deepEqual(applyRemoval(higher, WIDTH, HEIGHT, edits.removal), maskOf(disc(45, 2)));
    });

    test('when they run into a kept one, the outline is divided between the two', () => {
        const edits = new Edits(WIDTH, HEIGHT);
        edits.remove(maskOf(disc(15, 6)), maskOf(disc(45, 6)));
        const joined = maskOf((x, y) => y >= 14 && y <= 26 && x >= 9 && x <= 51);
        assert.ok(edits.removal);
        const left = applyRemoval(joined, WIDTH, HEIGHT, edits.removal);
        assert.equal(left[20 * WIDTH + 20], 0);
        assert.equal(left[20 * WIDTH + 40], 255);
        assert.ok(Math.abs(areaOf(left) - areaOf(joined) / 2) < areaOf(joined) * 0.05);
    });

    test('come back by undo, by a click inside, and by a box', () => {
        for (const back of [
            (/** @type {Edits} */ edits) => edits.undo(),
            (/** @type {Edits} */ edits) => edits.click({ x: 15.5, y: 20.5, inside: true }),
            (/** @type {Edits} */ edits) => edits.box({ x: 5, y: 10, width: 20, height: 20 }),
        ]) {
            const edits = new Edits(WIDTH, HEIGHT);
            edits.begin();
            edits.remove(maskOf(disc(15, 6)), none);
            edits.commit();
            back(edits);
            assert.equal(edits.removal, null);
        }
        const edits = new Edits(WIDTH, HEIGHT);
        edits.remove(maskOf(disc(15, 6)), none);
        edits.click({ x: 45.5, y: 20.5, inside: true });
        assert.ok(edits.removal, 'a click elsewhere changes nothing');
    });

    test('a redrawn outline is the same at every threshold', () => {
        const edits = new Edits(WIDTH, HEIGHT);
        edits.redraw(maskOf(disc(30, 10)), maskOf(disc(30, 6)), none);
        for (const radius of [4, 10, 14]) {
            assert.ok(edits.removal);
            const mask = applyRemoval(maskOf(disc(30, radius)), WIDTH, HEIGHT, edits.removal).slice();
            edits.applyTo(mask);
            assert.deepEqual(mask, maskOf(disc(30, 6)));
        }
    });
});

describe('steps', () => {
    test('strokes, clicks and redrawn outlines are undone and redone one by one', () => {
        const edits = new Edits(WIDTH, HEIGHT);
        const states = [edits.layer.slice()];
        for (const change of [
            () => edits.stroke({ x: 10, y: 10 }, { x: 30, y: 12 }, 3, ADD),
            () => edits.stroke({ x: 20, y: 10 }, { x: 20, y: 12 }, 2, ERASE),
            () => edits.click({ x: 20.5, y: 10.5, inside: true }),
            () => edits.redraw(maskOf(disc(30, 10)), maskOf(disc(30, 6)), none),
            () => edits.clear(),
        ]) {
            edits.begin();
            change();
            edits.commit();
            states.push(edits.layer.slice());
        }
        assert.ok(!edits.any);
        for (let step = states.length - 2; step >= 0; step--) {
            edits.undo();
            assert.deepEqual(edits.layer, states[step], `undo to ${step}`);
        }
        assert.ok(!edits.canUndo && !edits.any);
        for (let step = 1; step < states.length; step++) {
            edits.redo();
            assert.deepEqual(edits.layer, states[step], `redo to ${step}`);
        }
        assert.ok(!edits.canRedo);
    });

    test('a step that changes nothing is not kept', () => {
        const edits = new Edits(WIDTH, HEIGHT);
        edits.begin();
        edits.stroke({ x: -50, y: -50 }, { x: -40, y: -50 }, 3, ADD);
        edits.commit();
        assert.ok(!edits.canUndo);
    });
});

describe('shapes', () => {
    const mask = maskOf(disc(30, 10));

    test('grow and shrink move the outline by one step', () => {
        const step = stepOf(WIDTH, HEIGHT);
        assert.deepEqual(boundsOf(shape('grow', mask, WIDTH, HEIGHT), WIDTH), { left: 20 - step, top: 10 - step, width: 21 + 2 * step, height: 21 + 2 * step });
        assert.deepEqual(boundsOf(shape('shrink', mask, WIDTH, HEIGHT), WIDTH), { left: 20 + step, top: 10 + step, width: 21 - 2 * step, height: 21 - 2 * step });
        assert.deepEqual(shape('grow', none, WIDTH, HEIGHT), none);
        assert.deepEqual(shape('shrink', maskOf((x, y) => x === 3 && y === 3), WIDTH, HEIGHT), none);
    });

    test('smooth takes away single pixels and spikes, and leaves a disc nearly as it is', () => {
        const rough = maskOf((x, y) => disc(30, 10)(x, y) || (y === 20 && x > 40 && x < 50) || (x === 5 && y === 5));
        const smooth = shape('smooth', rough, WIDTH, HEIGHT);
        assert.equal(smooth[5 * WIDTH + 5], 0);
        assert.equal(smooth[20 * WIDTH + 46], 0);
        assert.ok(Math.abs(areaOf(smooth) - areaOf(mask)) < areaOf(mask) * 0.05);
    });

    test('fill closes holes, not bays', () => {
        const ring = maskOf((x, y) => disc(30, 10)(x, y) && !disc(30, 4)(x, y));
        assert.deepEqual(shape('fill', ring, WIDTH, HEIGHT), mask);
        const open = maskOf((x, y) => disc(30, 10)(x, y) && !disc(30, 4)(x, y) && !(y === 20 && x > 30));
        assert.deepEqual(shape('fill', open, WIDTH, HEIGHT), open);
        const atEdge = maskOf((x, y) => x < 10 && y < 10 && !(x < 3 && y < 3));
        assert.deepEqual(shape('fill', atEdge, WIDTH, HEIGHT), atEdge);
    });
});

describe('polygons', () => {
    test('are filled where the centre of a pixel lies inside', () => {
        const square = [{ x: 10, y: 5 }, { x: 20, y: 5 }, { x: 20, y: 15 }, { x: 10, y: 15 }];
        const filled = maskOf((x, y) => x >= 10 && x < 20 && y >= 5 && y < 15);
        assert.deepEqual(rasterise(square, WIDTH, HEIGHT), filled);
        assert.deepEqual(rasterise([...square].reverse(), WIDTH, HEIGHT), filled);
        const outside = rasterise([{ x: -10, y: -10 }, { x: 90, y: -10 }, { x: 90, y: 80 }, { x: -10, y: 80 }], WIDTH, HEIGHT);
        assert.equal(areaOf(outside), WIDTH * HEIGHT);
    });

    test('one that crosses itself has no hole', () => {
        const points = [{ x: 10, y: 10 }, { x: 40, y: 10 }, { x: 40, y: 30 }, { x: 20, y: 30 }, { x: 20, y: 5 }, { x: 30, y: 5 }, { x: 30, y: 20 }, { x: 10, y: 20 }];
        assert.equal(rasterise(points, WIDTH, HEIGHT)[15 * WIDTH + 25], 255);
    });

    test('an outline keeps its form with few points', () => {
        const circle = Array.from({ length: 200 }, (_, index) => (index * Math.PI) / 100).flatMap(angle => [30 + 15 * Math.cos(angle), 20 + 15 * Math.sin(angle)]);
        const points = simplify(circle, 0.5);
        assert.ok(points.length >= 8 && points.length < 30, `${points.length} points`);
        const [exact, rough] = [rasterise(simplify(circle, 0), WIDTH, HEIGHT), rasterise(points, WIDTH, HEIGHT)];
        const both = areaOf(exact.map((value, index) => value & (rough[index] ?? 0)));
        assert.ok((2 * both) / (areaOf(exact) + areaOf(rough)) > 0.97);
        assert.equal(nearestSide([{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 10 }], { x: 5, y: 1 }).index, 1);
    });
});

test('run lengths give the bounds of their mask', () => {
    const masks = [disc(15, 6), disc(0, 9), () => true, (/** @type {number} */ x, /** @type {number} */ y) => x === 59 && y === 39, (/** @type {number} */ _, /** @type {number} */ y) => y === 7];
    for (const inside of masks) assert.deepEqual(boundsOfRuns(encodeRuns(maskOf(inside)), WIDTH), boundsOf(maskOf(inside), WIDTH));
    assert.equal(boundsOfRuns(encodeRuns(none), WIDTH), null);
});

test('masks and run lengths convert into each other', () => {
    for (const mask of [none, maskOf(() => true), maskOf(disc(0, 9)), maskOf((x, y) => (x + y) % 2 === 0)])
        assert.deepEqual(decodeRuns(encodeRuns(mask), mask.length), mask);
});
