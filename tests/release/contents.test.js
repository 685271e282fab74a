/** What a release says about itself: bill of materials, integrity values, contents of its archives. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { BUILD, ROOT } from '../node/support/project.js';

const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
const DIST = path.join(BUILD, 'dist');
const NAME = `sonomask-${version}`;

/**
 * @param {string} algorithm
 * @param {Uint8Array} bytes
 * @param {'hex' | 'base64'} form
 */
const digest = (algorithm, bytes, form) => createHash(algorithm).update(bytes).digest(form);

/**
 * @param {string} archive
 * @returns {string[]} paths
 */
const listOf = archive => execFileSync('tar', ['--list', '--gzip', `--file=${archive}`], { encoding: 'utf8' }).trim().split('\n');

describe('a release', { skip: existsSync(path.join(DIST, 'SHA256SUMS')) ? false : 'make dist' }, () => {
    test('the bill of materials describes every file, and refers only to what it has', async () => {
        const bill = JSON.parse(await readFile(path.join(DIST, `${NAME}.spdx.json`), 'utf8'));
        assert.deepEqual([bill.spdxVersion, bill.dataLicense, bill.SPDXID], ['SPDX-2.3', 'CC0-1.0', 'SPDXRef-DOCUMENT']);
        assert.match(bill.creationInfo.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        const ids = bill.packages.map((/** @type {{ SPDXID: string }} */ part) => part.SPDXID);
        assert.equal(new Set(ids).size, ids.length);
        for (const part of bill.packages) {
            assert.match(part.SPDXID, /^SPDXRef-[A-Za-z0-9.-]+$/);
            for (const field of ['name', 'versionInfo', 'downloadLocation', 'licenseConcluded', 'licenseDeclared', 'copyrightText'])
                assert.ok(part[field], `${field} of ${part.SPDXID}`);
        }
        for (const { spdxElementId, relatedSpdxElement } of bill.relationships)
            for (const id of [spdxElementId, relatedSpdxElement]) assert.ok(id === bill.SPDXID || ids.includes(id), id);
        const described = bill.packages.filter((/** @type {any} */ part) => part.packageFileName);
        assert.deepEqual(
            described.map((/** @type {any} */ part) => path.extname(part.packageFileName)).sort(), ['.gz', '.gz', '.html', '.tgz', '.whl']);
        for (const { packageFileName, checksums } of described) {
            const bytes = await readFile(path.join(DIST, packageFileName));
            assert.equal(checksums[0].checksumValue, digest('sha256', bytes, 'hex'), packageFileName);
        }
    });

    test('every component is in the notices', async () => {
        const bill = JSON.parse(await readFile(path.join(DIST, `${NAME}.spdx.json`), 'utf8'));
        const notices = (await readFile(path.join(ROOT, 'THIRD_PARTY_NOTICES.md'), 'utf8')).toLowerCase();
        for (const { name } of bill.packages) assert.ok(name === 'sonomask' || notices.includes(name), name);
    });

    test('integrity values are those of the files, also of the npm package', async () => {
        const { release, npm } = JSON.parse(await readFile(path.join(DIST, 'integrity.json'), 'utf8'));
        for (const [file, value] of Object.entries(release))
            assert.equal(value, `sha384-${digest('sha384', await readFile(path.join(DIST, file)), 'base64')}`, file);
        assert.ok(release[`${NAME}-site/public/web/app.js`]);
        const packed = listOf(path.join(DIST, `${NAME}.tgz`)).map(file => file.replace(/^package\//, '')).sort();
        assert.deepEqual(Object.keys(npm).sort(), packed);
        const module = await readFile(path.join(ROOT, 'wasm/sonomask.simd.wasm'));
        assert.equal(npm['wasm/sonomask.simd.wasm'], `sha384-${digest('sha384', module, 'base64')}`);
    });

    test('licences are in every archive', async () => {
        const wheel = (await readFile(path.join(DIST, 'SHA256SUMS'), 'utf8')).match(/\S+\.whl/)?.[0] ?? '';
        const inWheel = execFileSync('unzip', ['-Z1', path.join(DIST, wheel)], { encoding: 'utf8' }).split('\n');
        const archives = [`${NAME}.tgz`, `${NAME}.tar.gz`, `${NAME}-site.tar.gz`].map(file => listOf(path.join(DIST, file)));
        for (const list of [inWheel, ...archives])
            for (const name of ['LICENSE', 'THIRD_PARTY_NOTICES.md', 'MODEL_CARD.md'])
                assert.ok(list.some(file => path.basename(file) === name), `${name} beside ${list[0]}`);
    });

    test('archives hold no owner, and times of the commit only', async () => {
        for (const name of [`${NAME}.tar.gz`, `${NAME}-site.tar.gz`]) {
            const lines = execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--full-time', '--gzip', `--file=${path.join(DIST, name)}`], { encoding: 'utf8' })
                .trim().split('\n').map(line => line.split(/ +/));
            assert.deepEqual([...new Set(lines.map(([, owner]) => owner))], ['0/0']);
            assert.equal(new Set(lines.map(([, , , day, time]) => `${day} ${time}`)).size, 1);
        }
    });

    test('the source archive holds what git has, and what makes it a source distribution', () => {
        const list = listOf(path.join(DIST, `${NAME}.tar.gz`)).filter(file => !file.endsWith('/')).map(file => file.slice(NAME.length + 1));
        for (const file of ['PKG-INFO', 'MANIFEST', 'pyproject.toml', 'Makefile', 'weights/sonomask.safetensors'])
            assert.ok(list.includes(file), file);
        assert.ok(!list.some(file => /^(build|node_modules|runs)\/|\.(so|o|wasm)$/.test(file)));
    });
});
