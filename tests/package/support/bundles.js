/** Projects that are built for the browser, and how they are checked. */
import assert from 'node:assert/strict';
import { copyFile, readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { answersOf, serve } from './browser.js';
import { makeProject } from './package.js';

/** The templates of a page. */
export const PAGE = ['answers.js', 'options.js', 'main.js', 'index.html'];

/**
 * Checks that a built folder contains nothing of Node, and that its page gives the expected mask.
 * @param {import('playwright-core').Browser} browser
 * @param {string} folder
 * @param {string} expected SHA-256 of the mask
 */
export async function isServedWell(browser, folder, expected) {
    for (const file of await readdir(folder, { recursive: true })) {
        if (!/\.m?js$/.test(file)) continue;
        const code = await readFile(path.join(folder, file), 'utf8');
        assert.doesNotMatch(code, /["'`]node:|worker_threads|fs\/promises/, `${file} has nothing of Node`);
    }
    const { address, close } = await serve(folder);
    try {
        const { one, pool } = await answersOf(browser, address);
        assert.deepEqual({ one, pool }, { one: expected, pool: expected });
    } finally {
        close();
    }
}

/**
 * @param {string} name of the project
 * @returns {Promise<string>} the built folder
 */
export async function buildWithEsbuild(name) {
    const { build } = await import('esbuild');
    const root = await makeProject(name, [...PAGE, 'explicit']);
    const { warnings } = await build({
        absWorkingDir: root,
        entryPoints: { main: 'main.js', worker: 'sonomask/worker' },
        bundle: true,
        format: 'esm',
        outdir: 'dist',
        loader: { '.wasm': 'file', '.safetensors': 'file' },
        logLevel: 'silent',
    });
    assert.deepEqual(warnings, []);
    await copyFile(path.join(root, 'index.html'), path.join(root, 'dist/index.html'));
    return path.join(root, 'dist');
}

/**
 * @param {typeof import('vite')} vite of any version
 * @param {string} name of the project
 * @returns {Promise<string>} the built folder
 */
export async function buildWithVite(vite, name) {
    const root = await makeProject(name, PAGE);
    await vite.build({ root, configFile: false, logLevel: 'error' });
    return path.join(root, 'dist');
}
