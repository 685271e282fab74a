/** The numbers that are shown beside the words of an outline are those that the rules of src/descriptors.c use. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { behindSign, INDISTINCT_SHARE, IRREGULAR, numbersBehind } from '../../web/panel/rule-numbers.js';
import { ROOT } from './support/project.js';

/** @type {import('../../wasm/sonomask.js').Descriptors} */
const OVAL = {
    shape: 'oval', orientation: 'parallel', margin: 'circumscribed', marginSigns: [], echo: 'hypoechoic', posterior: 'enhancement', halo: false, width: 20, height: 12,
    heightRatio: 0.6, depth: 7, axisRatio: 0.5, roughness: 0.04, edgeContrast: 0.3, weakEdge: 0.1, corners: 1, lobes: 2, spicules: 0, echoRatio: 0.5, echoSpread: 0.4,
    posteriorRatio: 1.3, haloRatio: 1,
};

test('the limits are those of the C sources', async () => {
    const source = await readFile(path.join(ROOT, 'src/descriptors.c'), 'utf8');
    const limit = (/** @type {string} */ name) => Number(new RegExp(`double ${name} = ([0-9.]+);`).exec(source)?.[1]);
    assert.equal(limit('irregular'), IRREGULAR);
    assert.equal(limit('indistinct_share'), INDISTINCT_SHARE);
});

test('each word has the number of the rule that gave it', () => {
    assert.deepEqual(numbersBehind(OVAL), {
        shape: [['axisRatio', 0.5]], orientation: [['heightRatio', 0.6]], margin: [['sharpness', 0.3 - 0.02]], echo: [['echoRatio', 0.5]], posterior: [['posteriorRatio', 1.3]],
        halo: [['haloRatio', 1]],
    });
    const irregular = /** @type {const} */ ({ ...OVAL, shape: 'irregular', margin: 'not circumscribed' });
    assert.deepEqual(numbersBehind({ ...irregular, marginSigns: ['indistinct'], roughness: 0.06 }).shape, [['roughness', 0.06]]);
    // A smooth edge with a ragged outline: the counts made it irregular.
    const ragged = { ...irregular, marginSigns: /** @type {('angular' | 'microlobulated')[]} */ (['angular', 'microlobulated']), corners: 3, lobes: 8 };
    assert.deepEqual(numbersBehind(ragged).shape, [['corners', 3], ['lobes', 8]]);
    assert.deepEqual(numbersBehind(ragged).margin, []);
    assert.deepEqual([behindSign(ragged, 'angular'), behindSign(ragged, 'microlobulated')], [['corners', 3], ['lobes', 8]]);
    assert.deepEqual(behindSign({ ...irregular, spicules: 2 }, 'spiculated'), ['spicules', 2]);
    assert.deepEqual(behindSign({ ...irregular, weakEdge: 0.25 }, 'indistinct'), ['weakEdge', 0.25]);
    assert.deepEqual(behindSign({ ...irregular, edgeContrast: 0.12, weakEdge: 0.2 }, 'indistinct'), ['sharpness', 0.12 - 0.02]);
    assert.deepEqual(numbersBehind({ ...OVAL, echo: 'heterogeneous' }).echo, [['echoSpread', 0.4]]);
    // Two numbers that are not exported decide each of these.
    assert.deepEqual(numbersBehind({ ...OVAL, echo: 'complex cystic and solid' }).echo, []);
    assert.deepEqual(numbersBehind({ ...OVAL, posterior: 'combined pattern' }).posterior, []);
    assert.deepEqual(numbersBehind({ ...OVAL, echo: null, echoRatio: null, posterior: null, posteriorRatio: null }), {
        ...numbersBehind(OVAL), echo: [], posterior: [],
    });
});
