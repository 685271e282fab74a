/** `make test-dicom`: every transfer syntax with every kind of pixels, against the decoders of dcmtk, gdcm and pydicom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, makeFiles, withoutTools } from '../node/support/dicom-files.js';
import { temporaryFolder } from '../node/support/project.js';

test('every file shows the same pixels as in the tools that made it', { skip: withoutTools }, async context => {
    const folder = await temporaryFolder(context);
    const files = await makeFiles(folder, false);
    assert.ok(files.length > 190);
    for (const expected of files) await context.test(expected.file, () => compare(folder, expected));
});
