/** The page: time from the request to the first mask, and the size of the download. */
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { createPageServer } from '../../../web/serve.js';
import { startChromium } from '../lib/chromium.js';
import { spread } from '../lib/pairs.js';
import { ROOT, progress } from '../lib/project.js';

const LOADS = 9;
const WINDOW_SETTLES = 1500; // milliseconds
const LOAD_TARGET = 400; // milliseconds
const CODE_TARGET = 90; // kB
const MEMORY_TARGET = 64; // MB

/** Files of each engine that a page downloads, without the network. */
const PEER_FILES = {
    'onnxruntime-web': ['onnxruntime-web/dist/ort.wasm.bundle.min.mjs', 'onnxruntime-web/dist/ort-wasm-simd-threaded.wasm'],
    'tfjs-backend-wasm': ['@tensorflow/tfjs-core/dist/tf-core.min.js', '@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js',
        '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm'],
    'LiteRT.js': ['@litertjs/core/dist/index.js', '@litertjs/wasm-utils/dist/index.js', '@litertjs/core/wasm/litert_wasm_internal.js',
        '@litertjs/core/wasm/litert_wasm_internal.wasm'],
};

/** @type {import('../bench.js').Section} */
export async function coldStart(results) {
    const server = createPageServer();
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const browser = await startChromium();
    try {
        const times = [];
        for (let load = 0; load < LOADS; load++) {
            progress(`page load ${load + 1} of ${LOADS}`);
            // A new context has an empty cache, but the browser has already started.
            const context = await browser.newContext();
            const page = await context.newPage();
            await page.addInitScript(() => {
                new MutationObserver((_, observer) => {
                    if (!document.querySelector('.row[data-state="done"]')) return;
                    observer.disconnect();
                    requestAnimationFrame(() => Reflect.set(window, 'firstMask', performance.now()));
                }).observe(document, { subtree: true, childList: true, attributes: true });
            });
            // Opening a window starts the browser's own interface, which is not part of loading a page.
            await page.waitForTimeout(WINDOW_SETTLES);
            await page.goto(`http://localhost:${port}/web/#sample`);
            times.push(await (await page.waitForFunction(() => Reflect.get(window, 'firstMask'))).jsonValue());
            await context.close();
        }
        results.measures.push({ what: 'page load to first mask on localhost', value: spread(times).median, unit: 'ms', target: LOAD_TARGET });
    } finally {
        await browser.close();
        server.close();
        server.closeAllConnections();
    }
}

/**
 * @param {string[]} files below the project
 * @returns {Promise<number>} kB, each file compressed by gzip
 */
async function compressedSize(files) {
    const sizes = await Promise.all(files.map(async file => gzipSync(await readFile(path.join(ROOT, file)), { level: 9 }).length));
    return sizes.reduce((sum, size) => sum + size, 0) / 1000;
}

/** @type {import('../bench.js').Section} */
export async function downloads(results) {
    progress('download sizes and memory');
    const wasm = 'wasm/sonomask.simd.wasm';
    const loader = (await readdir(path.join(ROOT, 'wasm'))).filter(name => name.endsWith('.js') && name !== 'cli.js').map(name => `wasm/${name}`);
    const rows = [['sonomask', (await compressedSize([wasm, ...loader])).toFixed(0)]];
    for (const [name, files] of Object.entries(PEER_FILES))
        rows.push([name, (await compressedSize(files.map(file => `tests/bench/node_modules/${file}`))).toFixed(0)]);
    results.tables.push({ title: 'Download without the network, gzip', columns: ['engine', 'kB'], rows });
    results.measures.push({ what: 'wasm code, gzip', value: await compressedSize([wasm]), unit: 'kB', target: CODE_TARGET });
    results.measures.push({ what: 'weights, gzip', value: await compressedSize(['weights/sonomask.safetensors']), unit: 'kB', target: null });
}

/** @type {import('../bench.js').Section} */
export async function memory(results) {
    const { Sonomask } = await import('../../../wasm/sonomask.js');
    const { makeImage } = await import('../lib/image.js');
    const { MODELS } = await import('../lib/project.js');
    const data = Uint8Array.from(makeImage(600), value => Math.round(127.5 * (value + 1)));
    for (const [name, weights] of [['sonomask', path.join(ROOT, 'weights/sonomask.safetensors')], ['unet16', path.join(MODELS, 'unet16.safetensors')]]) {
        const model = await Sonomask.load({ weights: /** @type {string} */ (weights) });
        await model.segment({ data, width: 600, height: 600 });
        results.measures.push({ what: `wasm memory after an image of 600x600, ${name} at ${model.info.inputSize}x${model.info.inputSize}`,
            value: model.memoryBytes / 1e6, unit: 'MB', target: MEMORY_TARGET });
        model.dispose();
    }
}
