/** DICOM files made by pydicom, dcmtk and gdcm (tests/dicom/make_files.py), and their comparison with what those show. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { libraries } from '../../../wasm/dicom/libraries-node.js';
import { readDicom } from '../../../wasm/dicom/read.js';
import { Sonomask } from '../../../wasm/sonomask.js';
import { ROOT, execute } from './project.js';

const PYTHON = '/usr/bin/python3';
/** What `.ci/setup test` installs. */
const NEEDED = ['/usr/bin/dcmcjpeg', '/usr/bin/gdcmconv', '/usr/lib/python3/dist-packages/pydicom/__init__.py', PYTHON];

/** @type {string | false} */
export const withoutTools = NEEDED.every(file => existsSync(file)) ? false : 'dcmtk, gdcm and pydicom are not installed';

/**
 * @typedef {object} Expected
 * @property {string} file
 * @property {number} width
 * @property {number} height
 * @property {number} frames
 * @property {number} channels
 * @property {number} within allowed difference; 0 except where the standard itself leaves the result open
 */

/**
 * @param {string} folder
 * @param {boolean} small one file per kind
 * @returns {Promise<Expected[]>}
 */
export async function makeFiles(folder, small) {
    await execute(PYTHON, [path.join(ROOT, 'tests/dicom/make_files.py'), folder, ...(small ? ['small'] : [])]);
    return JSON.parse(await readFile(path.join(folder, 'expected.json'), 'utf8'));
}

/**
 * @param {string} folder
 * @param {Expected} expected
 */
export async function compare(folder, { file, width, height, frames, channels, within }) {
    const reference = await readFile(path.join(folder, `${file}.raw`));
    const opened = await readDicom(new Uint8Array(await readFile(path.join(folder, file))), libraries);
    assert.deepEqual([opened.width, opened.height, opened.frameCount], [width, height, frames], file);
    const size = width * height * channels;
    assert.equal(reference.length, size * frames, file);
    for (let frame = 0; frame < frames; frame++) {
        const decoded = await opened.frame(frame);
        const { data } = 'encoded' in decoded ? await decodeStill(decoded.encoded) : decoded;
        assert.equal(data.length, size, file);
        let worst = 0;
        for (let index = 0; index < size; index++)
            worst = Math.max(worst, Math.abs((data[index] ?? 0) - (reference[frame * size + index] ?? 0)));
        assert.ok(worst <= within, `${file}, frame ${frame + 1}: differs by ${worst}`);
    }
}

/** @param {Uint8Array} bytes of a progressive JPEG, which the engine decodes */
async function decodeStill(bytes) {
    const decoder = await Sonomask.load({ weights: null });
    const { data, channels, width, height } = await decoder.decode(bytes);
    const kept = Math.min(3, channels);
    return { data: Uint8Array.from({ length: kept * width * height }, (_, index) => data[Math.floor(index / kept) * channels + (index % kept)] ?? 0) };
}
