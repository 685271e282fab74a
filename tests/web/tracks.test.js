/** Which outlines of a loop are one lesion, and which lesions last. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overlapOf } from '../../web/loop/carry.js';
import { lastingFrames, lastingOutlines, link, majority } from '../../web/loop/tracks.js';
import { pathOfValues, rangesOf } from '../../web/loop/timeline.js';

/** @typedef {{ frame: number, counted: boolean, fixed: boolean, at: number }} Outline a lesion at a place on a line */

/**
 * @param {number} frame
 * @param {number} at
 * @param {Partial<Outline>} [more]
 * @returns {Outline}
 */
const outline = (frame, at, more = {}) => ({ frame, at, counted: true, fixed: false, ...more });

/** Of two outlines ten wide. @type {(a: Outline, b: Outline) => number} */
const overlap = (a, b) => {
    const shared = Math.max(0, 10 - Math.abs(a.at - b.at));
    return shared / (20 - shared);
};

/**
 * @param {Outline[][]} frames
 * @param {number} least
 */
const lasting = (frames, least) => lastingOutlines(link(frames, overlap), least);

test('a lesion that moves is one track; two beside each other are two', () => {
    const frames = [0, 1, 2, 3].map(frame => [outline(frame, 2 * frame), outline(frame, 50 - 2 * frame)]);
    const tracks = link(frames, overlap);
    assert.deepEqual(tracks.map(track => track.map(({ at }) => at)), [[0, 2, 4, 6], [50, 48, 46, 44]]);
});

test('the greater overlap is linked, and an outline belongs to one track', () => {
    const tracks = link([[outline(0, 0), outline(0, 4)], [outline(1, 3)]], overlap);
    assert.deepEqual(tracks.map(track => track.map(({ at }) => at)), [[0], [4, 3]]);
});

test('a gap of one frame is bridged, one of two is not, and nothing is made for the gap', () => {
    const once = link([[outline(0, 0)], [], [outline(2, 0)]], overlap);
    assert.deepEqual(once.map(track => track.map(({ frame }) => frame)), [[0, 2]]);
    assert.equal(link([[outline(0, 0)], [], [], [outline(3, 0)]], overlap).length, 2);
});

test('a lesion that does not last does not count', () => {
    const frames = [0, 1, 2, 3, 4].map(frame => [outline(frame, 0), ...(frame === 2 ? [outline(frame, 60)] : [])]);
    const counted = lasting(frames, 3);
    assert.deepEqual([...counted].map(({ at }) => at), [0, 0, 0, 0, 0]);
});

test('a possible lesion counts between frames in which it counts by itself, never before or after them', () => {
    const states = [false, true, true, false, true, false];
    const frames = states.map((counted, frame) => [outline(frame, 0, { counted })]);
    assert.deepEqual([...lasting(frames, 3)].map(({ frame }) => frame), [1, 2, 3, 4]);
    // Possible lesions alone are no lesion, however long they last.
    assert.equal(lasting([0, 1, 2, 3, 4, 5].map(frame => [outline(frame, 0, { counted: false })]), 3).size, 0);
});

test('a corrected frame counts as it is', () => {
    const counted = lasting([[outline(0, 0)], [outline(1, 60, { fixed: true })]], 3);
    assert.deepEqual([...counted].map(({ at }) => at), [60]);
});

test('how long a lesion must last depends on the rate and the length of the loop', () => {
    assert.equal(lastingFrames(25, 400), 5);
    assert.equal(lastingFrames(50, 400), 10);
    assert.equal(lastingFrames(0, 400), 3);
    assert.equal(lastingFrames(25, 4), 2);
    assert.equal(lastingFrames(25, 1), 1);
});

test('the majority of three frames; what moves too far stays as it is', () => {
    const pixels = (/** @type {number[]} */ ...all) => Uint32Array.from(all);
    assert.deepEqual([...majority([pixels(1, 2), pixels(2, 3), pixels(3, 4)], 10)].sort(), [2, 3]);
    assert.deepEqual([...majority([pixels(1), pixels(1, 2), pixels(1)], 10)], [1]);
    assert.deepEqual([...majority([pixels(1), pixels(5), pixels(9)], 10)], [5]);
});

test('overlap of several outlines', () => {
    assert.equal(overlapOf([Uint32Array.of(1, 2)], [Uint32Array.of(2, 3)]), 1 / 3);
    assert.equal(overlapOf([], []), 1);
});

test('frames in words, and a line with gaps', () => {
    assert.equal(rangesOf([7, 0, 6, 8, 2]), '1, 3, 7-9');
    const moment = (/** @type {number} */ frame, /** @type {'lesion' | 'open' | 'none'} */ state, /** @type {number} */ area) => ({ frame, state, area, long: 0, short: 0, lesion: null });
    const path = pathOfValues([moment(0, 'lesion', 5), moment(1, 'none', 0), moment(2, 'open', 0), moment(3, 'lesion', 10)], ({ area }) => area, 10, 100);
    assert.equal(path, 'M0 50.00h.01L1 100.00h.01M3 0.00h.01');
});
