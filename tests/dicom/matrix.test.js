/** `make test-dicom`: every transfer syntax with every kind of pixels, against the decoders of dcmtk, gdcm and pydicom. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { libraries } from '../../wasm/dicom/libraries-node.js';
import { readReference } from '../../wasm/dicom/reference.js';
import { measurementReport } from '../../wasm/dicom/report.js';
import { binarySegmentation } from '../../wasm/dicom/segmentation.js';
import { compare, makeFiles, withoutTools } from '../node/support/dicom-files.js';
import { faultsOf, withoutJudges } from '../node/support/derived.js';
import { temporaryFolder } from '../node/support/project.js';

test('every file shows the same pixels as in the tools that made it', { skip: withoutTools }, async context => {
    const folder = await temporaryFolder(context);
    const files = await makeFiles(folder, false);
    assert.ok(files.length > 190);
    for (const expected of files) await context.test(expected.file, () => compare(folder, expected));
});

test('SEG and SR of every file are valid', { skip: withoutTools || withoutJudges }, async context => {
    const folder = await temporaryFolder(context);
    const maker = { version: '1.2.3', network: 'test', weights: 'ab'.repeat(32) };
    const type = /** @type {const} */ ('benign');
    /** @type {import('../../wasm/sonomask.js').Descriptors} */
    const descriptors = {
        shape: 'oval', orientation: 'parallel', margin: 'not circumscribed', marginSigns: ['angular'], echo: 'heterogeneous', posterior: 'shadowing', halo: true, width: 3,
        height: 3, heightRatio: 1, depth: 0, axisRatio: 1, roughness: 0, edgeContrast: 0, weakEdge: 0, corners: 0, lobes: 0, spicules: 0, echoRatio: 1, echoSpread: 0,
        posteriorRatio: 1, haloRatio: 1,
    };
    const lesion = { descriptors, area: 9, longAxis: 3, shortAxis: 3, perimeter: 9, presence: 0.9, millimetres: 0.1, type, probabilities: { normal: 0, benign: 1, malignant: 0 } };
    for (const { file } of await makeFiles(folder, false)) {
        const source = await readReference(new Uint8Array(await readFile(path.join(folder, file))), libraries, true);
        const numbers = new Uint8Array(source.width * source.height).fill(1, 3, 12);
        const frames = Array.from({ length: source.frameCount }, (_, frame) => ({ frame, numbers, lesions: 1, edited: false }));
        const seg = binarySegmentation(source, frames, maker);
        const sr = measurementReport(source, seg, frames.map(({ frame }) => ({ frame, lesions: [lesion], presence: 0.9 })), maker);
        for (const bytes of [seg.file, sr]) {
            await writeFile(path.join(folder, 'derived.dcm'), bytes);
            assert.deepEqual(await faultsOf(path.join(folder, 'derived.dcm')), [], file);
        }
    }
});
