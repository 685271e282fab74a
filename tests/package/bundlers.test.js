/**
 * Fresh projects, one per bundler and version, that install the packed package, are built, and run in Chromium. Each must give
 * the mask that Node gives, with Sonomask and with SonomaskPool.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { execute } from '../node/support/project.js';
import { SCAN, answersOf, expectedMask, launch, skip } from './support/browser.js';
import { PAGE, buildWithEsbuild, isServedWell } from './support/bundles.js';
import { makeProject } from './support/package.js';

const require = createRequire(import.meta.url);

describe('bundlers', { skip }, () => {
    /** @type {import('playwright-core').Browser} */
    let browser;
    /** @type {string} */
    let expected;

    before(async () => {
        browser = await launch();
        expected = await expectedMask();
    });
    after(() => browser.close());

    /** @param {string} address */
    async function answersWell(address) {
        const { one, pool } = await answersOf(browser, address);
        assert.deepEqual({ one, pool }, { one: expected, pool: expected });
    }

    for (const version of ['5', '6', '7', '8']) {
        test(`Vite ${version}: development server, build and preview`, async () => {
            const vite = await import(`vite${version}`);
            const root = await makeProject(`vite${version}`, PAGE);
            const config = { root, configFile: false, logLevel: 'error', optimizeDeps: { exclude: ['sonomask'] } };
            const server = await vite.createServer({ ...config, server: { host: 'localhost', port: 0, hmr: false } });
            await server.listen();
            try {
                await answersWell(`http://localhost:${server.httpServer.address().port}/`);
            } finally {
                await server.close();
            }
            await vite.build(config);
            await isServedWell(browser, path.join(root, 'dist'), expected);
            const preview = await vite.preview({ ...config, preview: { host: 'localhost', port: 0 } });
            try {
                await answersWell(`http://localhost:${preview.httpServer.address().port}/`);
            } finally {
                await preview.close?.();
                preview.httpServer.close();
            }
        });
    }

    test('Vite without configuration: the development server works too', async () => {
        const vite = await import('vite8');
        const root = await makeProject('vite-plain', PAGE);
        const server = await vite.createServer({ root, configFile: false, logLevel: 'error', server: { host: 'localhost', port: 0, hmr: false } });
        await server.listen();
        try {
            await answersWell(`http://localhost:${server.httpServer.address().port}/`);
        } finally {
            await server.close();
        }
    });

    for (const mode of /** @type {const} */ (['development', 'production'])) {
        test(`webpack 5, ${mode}`, async () => {
            const { default: webpack } = await import('webpack');
            const root = await makeProject(`webpack-${mode}`, PAGE);
            const compiler = webpack({ mode, context: root, entry: './main.js', output: { path: path.join(root, 'dist'), filename: 'main.js' } });
            const stats = await new Promise((resolve, reject) => {
                compiler.run((error, result) => (error ? reject(error) : resolve(result)));
            });
            await new Promise((resolve) => { compiler.close(() => resolve(undefined)); });
            const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
            assert.deepEqual(errors, []);
            // Large files are the nature of the package.
            assert.deepEqual(warnings.filter((/** @type {{ message: string }} */ { message }) => !/size limit|performance/i.test(message)), []);
            await execute('cp', ['index.html', 'dist'], { cwd: root });
            await isServedWell(browser, path.join(root, 'dist'), expected);
        });
    }

    test('esbuild', async () => {
        await isServedWell(browser, await buildWithEsbuild('esbuild'), expected);
    });

    test('Rollup', async () => {
        const { rollup } = await import('rollup');
        const { nodeResolve } = await import('@rollup/plugin-node-resolve');
        const { importMetaAssets } = await import('@web/rollup-plugin-import-meta-assets');
        const root = await makeProject('rollup', [...PAGE, 'worker-entry']);
        /** @type {string[]} */
        const warnings = [];
        const bundle = await rollup({
            input: { main: path.join(root, 'main.js'), worker: path.join(root, 'node_modules/sonomask/wasm/worker.browser.js') },
            plugins: [nodeResolve({ browser: true }), importMetaAssets()],
            onwarn: ({ message }) => { warnings.push(message); },
        });
        await bundle.write({ dir: path.join(root, 'dist'), format: 'es' });
        await bundle.close();
        assert.deepEqual(warnings, []);
        await execute('cp', ['index.html', 'dist'], { cwd: root });
        await isServedWell(browser, path.join(root, 'dist'), expected);
    });

    test('Parcel', async () => {
        const root = await makeProject('parcel', PAGE);
        await execute(process.execPath, [path.join(path.dirname(require.resolve('parcel')), 'bin.js'), 'build', 'index.html',
            '--no-cache', '--cache-dir', '.parcel-cache', '--no-autoinstall', '--no-optimize', '--dist-dir', 'dist', '--public-url', './'], { cwd: root });
        await isServedWell(browser, path.join(root, 'dist'), expected);
    });

    for (const [builder, parameters] of [['Turbopack', []], ['webpack', ['--webpack']]]) {
        test(`Next with ${builder}, production: in the browser and in a route handler`, async () => {
            const root = await makeProject(`next-${String(builder).toLowerCase()}`, ['answers.js', 'options.js', 'next']);
            const next = require.resolve('next/dist/bin/next');
            const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: /** @type {const} */ ('production') };
            await execute(process.execPath, [next, 'build', ...parameters], { cwd: root, env });
            const port = 20_000 + Math.floor(Math.random() * 20_000);
            const server = spawn(process.execPath, [next, 'start', '-p', String(port)], { cwd: root, env, stdio: 'ignore' });
            try {
                const address = `http://localhost:${port}/`;
                for (let attempts = 0; attempts < 120; attempts++) {
                    const answer = await fetch(address).catch(() => null);
                    if (answer?.ok) break;
                    await delay(500);
                }
                await answersWell(address);
                const answer = await fetch(`${address}api`, { method: 'POST', body: await readFile(SCAN) });
                assert.equal(await answer.text(), expected);
            } finally {
                server.kill();
                await once(server, 'exit');
            }
        });
    }
});
