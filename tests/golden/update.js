/**
 * Writes tests/golden/answers.json: what the shipped weights answer on committed synthetic images.
 *
 *     make native build/tests/native_probabilities && node tests/golden/update.js
 *
 * Run it when the weights change on purpose, and look at the difference before it is committed.
 *
 * The network itself runs with the plain reference kernels and with neutral settings in the weights' header:
 * temperature 1, minimum area 0. What follows (temperature, threshold, minimum area, measures, expected Dice) is
 * computed by arithmetic.js from the settings of the shipped file, so that an error in the C sources shows as a
 * difference. The outlier score, the descriptors and the corrections by clicks have no second implementation: they are
 * taken from the native program and from the JavaScript package.
 *
 * Format of answers.json:
 *   weights_sha256  of weights/sonomask.safetensors
 *   settings        of its header (threshold, temperature, minimum_area, expected_dice_power) and of its decision
 *                   tensors (presence, operating_point, margin)
 *                   (descriptors and possible_descriptors: of the lesions and possible lesions)
 *   tolerances      probability: of every probability, expected Dice and outlier score; pixels: of bounding box,
 *                   centroid and axes; mask_share: share of an image's pixels by which area and mask may differ
 *   answers         by image file: the fields of a JSON line of `sonomask predict` and `mask`, the runs of mask
 *                   pixels as pairs of first pixel (row * width + column) and length
 *   corrections     by image file: the answer after the clicks in `clicks`, in the same format
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Sonomask } from '../../wasm/sonomask.js';
import { BUILD, ROOT, WEIGHTS, execute } from '../node/support/project.js';
import { buildSafetensors, parseSafetensors } from '../node/support/safetensors.js';
import { answer, runs } from './arithmetic.js';
import { ANSWERS, asAnswer, described } from './golden.js';

const FOLDERS = ['web/samples', 'tests/golden/images'];
const REFERENCE = '1'; // SM_BACKEND_REFERENCE

/** Clicks inside the lesion and on the tissue below, and a click where nothing is found. */
const CLICKS = {
    'web/samples/phantom-1.png': [{ x: 120, y: 150, inside: true }, { x: 240, y: 150, inside: false }],
    'web/samples/phantom-3.png': [{ x: 300, y: 200, inside: true }],
};

/**
 * Values of a tensor of the weights file, which is of 32-bit floats.
 * @param {Record<string, any>} header
 * @param {Uint8Array} data
 * @param {string} name
 */
function tensor(header, data, name) {
    const [first, end] = header[name].data_offsets;
    return [...new Float32Array(data.slice(first, end).buffer)];
}

/**
 * @param {Sonomask} sonomask
 * @param {string} image
 * @param {import('../../wasm/sonomask.js').Click[]} clicks
 */
async function correctedAnswer(sonomask, image, clicks) {
    const opened = await sonomask.open(readFileSync(path.join(ROOT, image)));
    await opened.segment();
    const { mask, ...rest } = asAnswer(await opened.refine({ clicks }));
    opened.close();
    return { ...rest, mask: runs(mask) };
}

/** @param {string} text JSON Lines */
const parseLines = (text) => text.trim().split('\n').map((line) => JSON.parse(line));

/**
 * @param {Buffer} file as native_probabilities writes it, with temperature 1
 * @returns {import('./arithmetic.js').RawAnswer}
 */
function parseRaw(file) {
    const [width, height] = [file.readInt32LE(0), file.readInt32LE(4)];
    const floats = new Float32Array(new Uint8Array(file.subarray(12, 24 + 4 * width * height)).buffer);
    return { width, height, logits: [...floats.subarray(0, 3)].map((value) => Math.log(value)), map: floats.subarray(3) };
}

const weights = readFileSync(WEIGHTS);
const { header, data } = parseSafetensors(weights);
const metadata = header['__metadata__'];
// The points ascend by the share of lesion images that they keep; the default is the last one.
const [kept = NaN, presence = NaN, missedBound = NaN] = tensor(header, data, 'decision.operating_points').slice(-3);
const settings = {
    threshold: Number(metadata.threshold),
    temperature: Number(metadata.temperature),
    minimum_area: Number(metadata.minimum_area),
    expected_dice_power: Number(metadata.expected_dice_power),
    presence: tensor(header, data, 'decision.presence'),
    operating_point: { kept, presence, missed_bound: missedBound },
    margin: tensor(header, data, 'decision.margin'),
};
const images = FOLDERS.flatMap((folder) => readdirSync(path.join(ROOT, folder)).sort()
    .filter((name) => name.endsWith('.png')).map((name) => `${folder}/${name}`));
const folder = mkdtempSync(path.join(tmpdir(), 'sonomask-golden-'));
try {
    const neutral = path.join(folder, 'neutral.safetensors');
    const neutralMetadata = { ...metadata, temperature: '1.000000', minimum_area: '0.000000' };
    writeFileSync(neutral, buildSafetensors({ ...header, __metadata__: neutralMetadata }, data));
    const files = images.map((image) => path.join(ROOT, image));
    await execute(path.join(BUILD, 'tests/native_probabilities'), [neutral, REFERENCE, folder, ...files]);
    const { stdout } = await execute(path.join(BUILD, 'sonomask'), ['predict', '--out', folder, ...files]);
    const lines = parseLines(stdout);
    /** @type {Record<string, object>} */
    const answers = {};
    for (const [index, image] of images.entries()) {
        const raw = parseRaw(readFileSync(path.join(folder, `${index}.bin`)));
        answers[image] = { ...answer(raw, settings), outlier_score: lines[index].outlier_score, ...described(lines[index]) };
    }
    const sonomask = await Sonomask.load({ weights: WEIGHTS });
    /** @type {Record<string, object>} */
    const corrections = {};
    for (const [image, clicks] of Object.entries(CLICKS))
        corrections[image] = { clicks, ...(await correctedAnswer(sonomask, image, clicks)) };
    sonomask.dispose();
    const golden = {
        weights_sha256: createHash('sha256').update(weights).digest('hex'),
        settings,
        tolerances: { probability: 1e-4, pixels: 0.1, mask_share: 1e-4 },
        answers,
        corrections,
    };
    // Short numbers, and lists of numbers on one line.
    const text = JSON.stringify(golden, (_, value) => (typeof value === 'number' ? Number(value.toPrecision(8)) : value), 1);
    writeFileSync(ANSWERS, `${text.replace(/\[[\d\s.,-]+\]/g, (list) => list.replace(/\s+/g, ' '))}\n`);
} finally {
    rmSync(folder, { recursive: true });
}
