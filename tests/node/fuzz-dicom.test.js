/** A short fuzzing run of the DICOM reader without findings, and a test that the fuzzer finds every kind of fault. */
import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { elementsOf } from './fuzz/mutate.js';
import { dicomSeeds } from './fuzz/seeds.js';
import { ROOT, attempt, temporaryFolder } from './support/project.js';

const FUZZER = path.join(ROOT, 'tests/node/fuzz-dicom.js');
const CORPUS = path.join(ROOT, 'tests/node/fuzz/corpus');

test('the committed corpus holds the seeds, and the mutator finds their elements', async () => {
    for (const [name, bytes] of Object.entries(dicomSeeds())) {
        assert.ok(bytes.equals(await readFile(path.join(CORPUS, name))), `${name}: node tests/node/fuzz-dicom.js --write-corpus`);
        if (!/implicit|big-endian/.test(name)) assert.ok(elementsOf(bytes).length > 12, name);
    }
    assert.ok((await readdir(CORPUS)).some(name => name.startsWith('found-')));
});

test('damaged DICOM files cause only the reader’s own errors', async context => {
    const out = await temporaryFolder(context);
    const { status, stdout, stderr } = await attempt(process.execPath, [FUZZER, '--runs', '2000', '--seed', '7', '--input-seconds', '60', '--out', out]);
    assert.equal(status, 0, stderr);
    const [, runs, kept, blocks] = stdout.match(/(\d+) runs, (\d+) inputs kept, (\d+) blocks reached, no findings/) ?? [];
    assert.ok(Number(runs) >= 2000 && Number(kept) > 24 && Number(blocks) > 150, stdout);
});

for (const [fault, body, reason] of [
    ['an error', `if (bytes.length < 400) throw new TypeError('planted');`, /TypeError: planted/],
    ['a late error', `if (bytes.length < 400) Promise.reject(new TypeError('planted late'));`, /TypeError: planted late/],
    ['a hang', `while (bytes.length < 400);`, /takes longer than 1000 ms/],
    ['an allocation', `kept.push(new Uint8Array(bytes.length < 400 ? 1e8 : 1));`, /95 MB allocated for \d+ bytes/],
])
    test(`the fuzzer finds ${fault} and keeps the input`, async context => {
        const folder = await temporaryFolder(context);
        const target = path.join(folder, 'target.mjs');
        const out = path.join(folder, 'out');
        await writeFile(target, `const kept = [];\nexport const covers = url => url.endsWith('target.mjs');\nexport async function run(bytes) {\n${body}\n}\n`);
        const { status, stderr } = await attempt(process.execPath, [FUZZER, '--runs', '5000', '--target', target, '--input-seconds', '1', '--out', out]);
        assert.equal(status, 1);
        assert.match(stderr, /** @type {RegExp} */ (reason));
        const [name = ''] = await readdir(out);
        assert.ok(stderr.includes(name) && (await readFile(path.join(out, name))).length < 400);
    });

test('an invalid option gives the status of wrong usage', async () => {
    assert.equal((await attempt(process.execPath, [FUZZER, '--seconds', 'long'])).status, 2);
    assert.equal((await attempt(process.execPath, [FUZZER, '--secs', '1'])).status, 2);
    const missing = await attempt(process.execPath, [FUZZER, 'none.dcm']);
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /^fuzz-dicom: .*none\.dcm.*\n$/);
});
