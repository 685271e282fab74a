/** Sizes of the downloads, and the memory of the module. */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT, progress } from '../lib/project.js';

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
    const wasm = 'wasm/sonomask.relaxed.wasm';
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
