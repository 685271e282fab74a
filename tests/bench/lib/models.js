/** The files of the network for each engine, all from the same weights; written again by each run of the bench. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeImage } from './image.js';
import { quantise } from './int8.js';
import { readOnnx } from './onnx.js';
import { MODELS, SONOMASK, run } from './project.js';
import { convertToTflite } from './tflite.js';

/** The network and input size of the comparisons. */
export const NETWORK = 'unet16';
export const SIZE = 256;

/** @type {import('./compare.js').Read} */
export function readModel(name) {
    return readFile(path.join(MODELS, name));
}

/**
 * @param {string} name of the files
 * @param {string[]} source options that select the network and weights
 */
export async function exportModel(name, source) {
    await mkdir(MODELS, { recursive: true });
    const file = path.join(MODELS, name);
    await run(SONOMASK, ['export', '--onnx', `${file}.onnx`, '--weights', `${file}.safetensors`, ...source]);
}

/** Writes NETWORK.safetensors, .onnx, .int8.onnx and .tflite. */
export async function makeModels() {
    await exportModel(NETWORK, ['--net', NETWORK, '--size', String(SIZE)]);
    const graph = readOnnx(await readModel(`${NETWORK}.onnx`));
    await writeFile(path.join(MODELS, `${NETWORK}.tflite`), convertToTflite(graph));
    const { default: ort } = await import('onnxruntime-node');
    const images = [2, 3, 4, 5].map(seed => makeImage(SIZE, seed));
    await writeFile(path.join(MODELS, `${NETWORK}.int8.onnx`), await quantise(graph, images, ort));
}
