/** Runs worker.js in workerd and prints its answers: for the image that is named, and for a request without one. */
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';

const ASSETS = { 'sonomask/sonomask.simd.wasm': './module.wasm', 'sonomask/sonomask.safetensors': './weights.bin' };
const { outputFiles } = await build({
    entryPoints: ['worker.js'],
    bundle: true,
    format: 'esm',
    write: false,
    conditions: ['workerd', 'worker', 'browser'],
    plugins: [{
        name: 'assets',
        setup({ onResolve }) {
            onResolve({ filter: /^sonomask\/.*\.(wasm|safetensors)$/ }, ({ path }) => ({ path: ASSETS[path], external: true }));
        },
    }],
});
const installed = 'node_modules/sonomask';
const miniflare = new Miniflare({
    compatibilityDate: '2026-01-01',
    modules: [
        { type: 'ESModule', path: 'worker.js', contents: outputFiles[0].text },
        { type: 'CompiledWasm', path: 'module.wasm', contents: await readFile(`${installed}/wasm/sonomask.simd.wasm`) },
        { type: 'Data', path: 'weights.bin', contents: await readFile(`${installed}/weights/sonomask.safetensors`) },
    ],
});
const answer = await miniflare.dispatchFetch('http://localhost/', { method: 'POST', body: await readFile(process.argv.at(-1)) });
const errors = await miniflare.dispatchFetch('http://localhost/');
console.log(JSON.stringify({ mask: await answer.text(), errors: await errors.json() }));
await miniflare.dispose();
