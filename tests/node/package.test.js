/** The package as users install it: packed, unpacked into an empty folder, and used from there. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { sampleDicom } from './support/dicom.js';
import { scanPng } from './support/images.js';
import { ROOT, WEIGHTS, attempt, execute, temporaryFolder } from './support/project.js';

const EXPECTED = [
    'LICENSE', 'README.md', 'THIRD_PARTY_NOTICES.md', 'package.json', 'wasm/cli.js', 'wasm/pool.js', 'wasm/sonomask.browser.js',
    'wasm/dicom/read.js', 'wasm/sonomask.d.ts', 'wasm/sonomask.edge.js', 'wasm/sonomask.js', 'wasm/sonomask.relaxed.wasm', 'wasm/sonomask.scalar.wasm', 'wasm/sonomask.simd.wasm',
    'wasm/vendor/dicom-parser.js', 'wasm/vendor/openjpeg.wasm', 'wasm/worker.browser.js', 'wasm/worker.d.ts', 'wasm/worker.js', 'weights/MEASURES.md', 'weights/MODEL_CARD.md', 'weights/sonomask.safetensors',
];
const PACKED_LIMIT = 2_000_000;

test('installs into an empty folder and works there', async (context) => {
    const folder = await temporaryFolder(context);
    const staged = path.join(folder, 'sonomask');
    const repository = 'https://git.example/sonomask';
    await execute(process.execPath, [path.join(ROOT, 'wasm/package/stage.js'), staged, `${repository}.git`]);
    const { stdout } = await execute('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: staged });
    const [{ filename, files, size }] = JSON.parse(stdout);
    context.diagnostic(`${size} bytes packed`);
    assert.ok(size <= PACKED_LIMIT, `${size} bytes packed`);
    const manifest = JSON.parse(await readFile(path.join(staged, 'package.json'), 'utf8'));
    assert.deepEqual([manifest.devDependencies, manifest.scripts, manifest.repository?.url],
        [undefined, undefined, `git+${repository}.git`]);
    const readme = await readFile(path.join(staged, 'README.md'), 'utf8');
    for (const [, address = ''] of readme.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)) {
        assert.ok(address.startsWith(`${repository}/raw/HEAD/`), 'npm shows pictures by absolute addresses only');
        assert.ok(existsSync(path.join(ROOT, address.slice(`${repository}/raw/HEAD/`.length))), address);
    }
    const names = files.map((/** @type {{ path: string }} */ file) => file.path);
    const missing = EXPECTED.filter((name) => !names.includes(name));
    assert.deepEqual(missing, existsSync(path.join(ROOT, 'weights/sonomask.safetensors')) ? [] : missing);
    for (const name of names)
        assert.match(name, /^(wasm|weights|wasm\/dicom|wasm\/orthanc|wasm\/vendor)\/[^/]+$|^(LICENSE|README\.md|CHANGELOG\.md|THIRD_PARTY_NOTICES\.md|package\.json)$/);

    // The same as an installation: the package has no dependencies, so no registry is needed.
    const installed = path.join(folder, 'app/node_modules/sonomask');
    await mkdir(installed, { recursive: true });
    await execute('tar', ['-xzf', path.join(folder, filename), '-C', installed, '--strip-components=1']);
    if (process.env.SONOMASK_MODEL) {
        await mkdir(path.join(installed, 'weights'), { recursive: true });
        await copyFile(WEIGHTS, path.join(installed, 'weights/sonomask.safetensors'));
    }
    const app = path.join(folder, 'app');
    await writeFile(path.join(app, 'scan.png'), scanPng(60, 50));
    await writeFile(path.join(app, 'scan.dcm'), sampleDicom());
    await writeFile(path.join(app, 'use.mjs'), `
        import { readFile } from 'node:fs/promises';
        import { Sonomask, SonomaskPool, SonomaskError } from 'sonomask';
        const image = await readFile('scan.png');
        const sonomask = await Sonomask.load();
        const pool = await SonomaskPool.load({ size: 1 });
        const [one, other] = [await sonomask.segment(image), await pool.segment(image)];
        const wasm = await readFile(new URL(import.meta.resolve('sonomask/sonomask.scalar.wasm')));
        const scalar = await Sonomask.load({ wasm });
        console.log(JSON.stringify({ width: one.width, type: one.type, same: one.type === other.type,
            backend: scalar.info.backend, error: new SonomaskError('argument', 'x').code }));
        pool.dispose();
    `);
    const used = await attempt(process.execPath, ['use.mjs'], { cwd: app });
    assert.equal(used.status, 0, used.stderr);
    const { type: _type, ...rest } = JSON.parse(used.stdout);
    assert.deepEqual(rest, { width: 60, same: true, backend: 'scalar', error: 'argument' });
    const command = await attempt(process.execPath,
        ['node_modules/sonomask/wasm/cli.js', 'predict', '--out', 'masks', 'scan.dcm'], { cwd: app });
    assert.equal(command.status, 0, command.stderr);
    assert.ok(existsSync(path.join(app, 'masks/scan_mask.png')));
});

/** @param {string} file in wasm/ @param {Set<string>} [seen] @returns {Promise<Set<string>>} it and all that it imports */
async function importsOf(file, seen = new Set()) {
    if (seen.has(file)) return seen;
    seen.add(file);
    const source = await readFile(path.join(ROOT, 'wasm', file), 'utf8');
    for (const [, other = ''] of source.matchAll(/^(?:import|export)\b[^;]*?'\.\/([^']+)';/gm)) await importsOf(other, seen);
    return seen;
}

test('what browsers and edge runtimes get contains nothing of Node, and every file has a literal address', async () => {
    const { exports } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
    for (const entry of [exports['.'].browser, exports['.'].workerd, exports['.']['edge-light'], exports['./worker'].browser]) {
        const files = await importsOf(path.basename(entry));
        assert.ok(files.size >= 5, entry);
        for (const file of files) {
            const source = await readFile(path.join(ROOT, 'wasm', file), 'utf8');
            assert.doesNotMatch(source, /['"`]node:|\bprocess\.|\bimport\((?!')/, `${entry}: ${file}`);
        }
    }
    const own = await readFile(path.join(ROOT, 'wasm/own-files.js'), 'utf8');
    for (const [, address = ''] of own.matchAll(/new URL\('([^']+)', import\.meta\.url\)/g))
        assert.ok(existsSync(path.join(ROOT, 'wasm', address)), address);
    const platform = await readFile(path.join(ROOT, 'wasm/platform-browser.js'), 'utf8');
    assert.match(platform, /new Worker\(new URL\('\.\/worker\.browser\.js', import\.meta\.url\), \{ type: 'module'/);
});

/** @param {string} file @returns {Promise<[number, number]>} bytes, and bytes when compressed */
async function sizesOf(file) {
    const content = await readFile(file);
    return [content.length, (await promisify(gzip)(content, { level: 9 })).length];
}

/** @param {string} text of a cell, for example "251 kB, 199 kB" @returns {number[]} bytes */
function bytesIn(text) {
    return [...text.matchAll(/([\d.]+) (k|M)B/g)].map(([, number, unit]) => Number(number) * (unit === 'k' ? 1e3 : 1e6));
}

test('the sizes in its README are those of the files', async (context) => {
    const staged = path.join(await temporaryFolder(context), 'sonomask');
    await execute(process.execPath, [path.join(ROOT, 'wasm/package/stage.js'), staged]);
    const readme = await readFile(path.join(ROOT, 'wasm/package/README.md'), 'utf8');
    const scripts = new Set([...await importsOf('sonomask.browser.js'), ...await importsOf('worker.browser.js')]);
    for (const [row, files, added] of /** @type {[string, string[], boolean][]} */ ([
        ['JavaScript', [...scripts].map((name) => `wasm/${name}`), true],
        ['WebAssembly', ['wasm/sonomask.relaxed.wasm', 'wasm/sonomask.simd.wasm', 'wasm/sonomask.scalar.wasm'], false],
        ['weights', ['weights/sonomask.safetensors'], false],
    ])) {
        const [, plain = '', packed = ''] = readme.match(new RegExp(`^\\| ${row}[^|]*\\|([^|]*)\\|([^|]*)\\|$`, 'm')) ?? [];
        const sizes = await Promise.all(files.map((file) => sizesOf(path.join(staged, file))));
        for (const [index, cell] of [plain, packed].entries()) {
            const each = sizes.map((pair) => pair[index] ?? 0);
            const actual = added ? [each.reduce((sum, size) => sum + size, 0)] : each;
            const stated = bytesIn(cell);
            assert.equal(stated.length, actual.length, row);
            for (const [place, size] of actual.entries())
                assert.ok(Math.abs((stated[place] ?? 0) / size - 1) < 0.04, `${row}: ${stated[place]} instead of ${size} bytes`);
        }
    }
});

test('the scores in its README are those of the model card', async () => {
    const readme = (await readFile(path.join(ROOT, 'wasm/package/README.md'), 'utf8')).replaceAll(/\s+/g, ' ');
    const card = await readFile(path.join(ROOT, 'weights/MODEL_CARD.md'), 'utf8');
    const row = (/** @type {string} */ name) => card.split('\n').find((line) => line.startsWith(`| ${name} |`))?.split('|') ?? [];
    const first = (/** @type {string | undefined} */ cell) => cell?.trim().split(' [')[0];
    const dice = row('lesion Dice, mean');
    for (const statement of [
        `${first(dice[2])} on the lesions of BUSI`, `${first(dice[3])} on those of BUS-BRA`,
        `${first(row('lesions missed altogether')[2])} of the lesions of BUSI were missed`,
        `${first(row('normal images with a false mask')[2])} of its normal images got a false mask`,
    ]) assert.ok(readme.includes(statement), statement);
});

test('an edge runtime is told what to give', async () => {
    const edge = await import('../../wasm/sonomask.edge.js');
    const module = await WebAssembly.compile(await readFile(path.join(ROOT, 'wasm/sonomask.simd.wasm')));
    const weights = await readFile(WEIGHTS);
    const sonomask = await edge.Sonomask.load({ wasm: module, weights });
    assert.equal((await sonomask.segment(scanPng(40, 30))).width, 40);
    sonomask.dispose();
    await assert.rejects(edge.Sonomask.load({ weights }), { code: 'load-wasm', message: /give the option wasm a compiled module/ });
    await assert.rejects(edge.Sonomask.load({ wasm: module }), { code: 'load-weights', message: /give the option weights/ });
    await assert.rejects(edge.Sonomask.load({ wasm: new Uint8Array(8), weights }), { code: 'load-wasm', message: /WebAssembly\.Module/ });
    await assert.rejects(edge.SonomaskPool.load({ wasm: module, weights }), { code: 'worker', message: /use Sonomask/ });
});

test('its type declarations compile in a strict project, and misuse is a type error', async (context) => {
    const app = await temporaryFolder(context);
    const installed = path.join(app, 'node_modules/sonomask/wasm');
    await mkdir(installed, { recursive: true });
    await copyFile(path.join(ROOT, 'wasm/sonomask.d.ts'), path.join(installed, 'sonomask.d.ts'));
    await copyFile(path.join(ROOT, 'package.json'), path.join(app, 'node_modules/sonomask/package.json'));
    await writeFile(path.join(app, 'package.json'), '{"type":"module"}');
    await writeFile(path.join(app, 'use.ts'), `
        import { Sonomask, SonomaskPool, SonomaskError, type Lesion } from 'sonomask';
        const sm = await Sonomask.load({ weights: new Uint8Array() });
        const { lesions, probabilities } = await sm.segment(new Blob([]), { threshold: 0.4 });
        const largest: Lesion | undefined = lesions[0];
        const chance: number = probabilities.malignant;
        const pool: SonomaskPool = await SonomaskPool.load({ size: 2 });
        const image = new ImageData(4, 4);
        await pool.segment(image, { signal: AbortSignal.timeout(10) });
        try { sm.contours(new Uint8Array(4), 2, 2); } catch (error) {
            if (error instanceof SonomaskError && error.code === 'memory') console.log(largest, chance);
        }
        // @ts-expect-error a path is not an image
        await sm.segment('scan.png');
        // @ts-expect-error no such class
        probabilities.cyst;
        // @ts-expect-error made by load only
        new Sonomask();
    `);
    await writeFile(path.join(app, 'tsconfig.json'), JSON.stringify({
        compilerOptions: {
            strict: true, noEmit: true, target: 'es2022', module: 'nodenext', lib: ['es2022', 'dom'], types: [],
        },
        files: ['use.ts'],
    }));
    const { status, stdout } = await attempt(process.execPath,
        [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'], { cwd: app });
    assert.equal(status, 0, stdout);
});

test('the lock files contain no registry, and versions are exact', async () => {
    for (const folder of ['.', 'tests/bench', 'tests/package'])
        assert.doesNotMatch(await readFile(path.join(ROOT, folder, 'package-lock.json'), 'utf8'), /"resolved"/);
    const { dependencies, devDependencies } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
    assert.equal(dependencies, undefined, 'the package must not install other packages');
    for (const version of Object.values(devDependencies)) assert.match(String(version), /^\d+\.\d+\.\d+$/);
});
