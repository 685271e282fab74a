/**
 * TensorFlow.js on its WebAssembly backend, one thread: the exported graph's operations one by one, NHWC, with bias and
 * ReLU fused into the convolutions. Runs in Node and in browsers (there with the libraries' global `tf`).
 */
import { readOnnx } from '../lib/onnx.js';

/**
 * @typedef {import('@tensorflow/tfjs-core').Tensor4D} Tensor4D
 * @typedef {import('../lib/onnx.js').Node} Node
 */

const ROOT = new URL('../node_modules/@tensorflow/', import.meta.url);

/** @type {Promise<typeof import('@tensorflow/tfjs-core')> | undefined} */
let loaded;

/** @returns {boolean} */
const inBrowser = () => typeof globalThis.document === 'object';

/** @param {string} address of a classic script */
function addScript(address) {
    return new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.src = address;
        script.onload = resolve;
        script.onerror = () => reject(new Error(`cannot load ${address}`));
        document.head.append(script);
    });
}

async function load() {
    const files = new URL('tfjs-backend-wasm/wasm-out/', ROOT);
    /** @type {any} */
    let tf;
    /** @type {any} */
    let wasm;
    if (inBrowser()) {
        await addScript(new URL('tfjs-core/dist/tf-core.min.js', ROOT).href);
        await addScript(new URL('tfjs-backend-wasm/dist/tf-backend-wasm.min.js', ROOT).href);
        tf = Reflect.get(globalThis, 'tf');
        wasm = tf.wasm;
        wasm.setWasmPaths(files.href);
    } else {
        const [{ default: core }, { default: backend }, { fileURLToPath }] = await Promise.all([
            import('@tensorflow/tfjs-core'), import('@tensorflow/tfjs-backend-wasm'), import('node:url')]);
        tf = core;
        wasm = backend;
        wasm.setWasmPaths(fileURLToPath(files));
    }
    wasm.setThreadsCount(1);
    if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend does not start');
    await tf.ready();
    return tf;
}

/**
 * @param {typeof import('@tensorflow/tfjs-core')} tf
 * @param {import('../lib/onnx.js').Tensor} tensor [out][in][side][side] weights, or a vector
 */
function toTensor(tf, { shape, values }) {
    const tensor = tf.tensor(/** @type {Float32Array} */ (values), shape);
    return shape.length === 4 ? tf.tidy(() => tf.transpose(tensor, [2, 3, 1, 0])) : tensor;
}

/**
 * @param {typeof import('@tensorflow/tfjs-core')} tf
 * @param {Node} node
 * @param {Tensor4D[]} inputs
 * @param {boolean} relu of the node after a convolution
 * @returns {import('@tensorflow/tfjs-core').Tensor[]}
 */
function operate(tf, node, inputs, relu) {
    const [x, y, bias] = /** @type {[Tensor4D, Tensor4D, any]} */ (/** @type {unknown} */ (inputs));
    const [, rows = 0, columns = 0] = x.shape;
    switch (node.operation) {
    case 'Conv':
        return [tf.fused.conv2d({ x, filter: y, strides: 1, pad: 'same', bias, activation: relu ? 'relu' : 'linear' })];
    case 'MaxPool':
        return [tf.maxPool(x, 2, 2, 'valid')];
    case 'Resize':
        return [node.attributes['mode'] === 'nearest'
            ? tf.image.resizeNearestNeighbor(x, [2 * rows, 2 * columns], false, false)
            : tf.image.resizeBilinear(x, [2 * rows, 2 * columns], false, true)];
    case 'Concat':
        return [tf.concat([x, y], -1)];
    case 'GlobalAveragePool':
        return [tf.mean(x, [1, 2], true)];
    case 'GlobalMaxPool':
        return [tf.max(x, [1, 2], true)];
    case 'Split':
        return tf.split(x, 2, -1);
    case 'Add':
        return [tf.add(x, y)];
    case 'Mul':
        return [tf.mul(x, y)];
    case 'Sigmoid':
        return [tf.sigmoid(x)];
    case 'Flatten':
        return [tf.reshape(x, [1, -1])];
    case 'Softmax':
        return [tf.softmax(x)];
    case 'Relu':
        return [tf.relu(x)];
    default:
        throw new Error(`TensorFlow.js: ${node.operation} is not supported`);
    }
}

/**
 * @param {(name: string) => Promise<Uint8Array>} read a file of the models' folder
 * @param {{ file: string }} options
 * @returns {Promise<import('../lib/pairs.js').Engine>}
 */
export async function create(read, { file }) {
    loaded ??= load();
    const tf = await loaded;
    const graph = readOnnx(await read(file));
    const constants = new Map([...graph.tensors].map(([name, tensor]) => [name, toTensor(tf, tensor)]));
    const made = new Map(graph.nodes.flatMap(node => node.outputs.map(output => [output, node.operation])));
    /** Outputs of the ReLUs that are fused into a convolution. */
    const fused = new Map(graph.nodes
        .filter(({ operation, inputs }) => operation === 'Relu' && made.get(inputs[0] ?? '') === 'Conv')
        .map(({ inputs, outputs }) => [inputs[0] ?? '', outputs[0] ?? '']));
    const skipped = new Set(fused.values());
    const forward = (/** @type {Float32Array} */ image) => tf.tidy(() => {
        const side = Math.sqrt(image.length);
        /** @type {Map<string, any>} */
        const tensors = new Map(constants);
        tensors.set(graph.inputs[0]?.name ?? '', tf.tensor4d(image, [1, side, side, 1]));
        for (const node of graph.nodes) {
            const [output = ''] = node.outputs;
            if (skipped.has(output)) continue;
            const relu = fused.get(output);
            const results = operate(tf, node, node.inputs.map(name => tensors.get(name)), relu !== undefined);
            if (relu) tensors.set(relu, results[0]);
            else node.outputs.forEach((name, index) => tensors.set(name, results[index]));
        }
        return ['mask', 'type'].map(name => /** @type {import('@tensorflow/tfjs-core').Tensor} */ (tensors.get(name)));
    });
    return {
        async run(image) {
            const [mask, type] = forward(image);
            const answer = { mask: /** @type {Float32Array} */ (await mask?.data()),
                type: /** @type {Float32Array} */ (await type?.data()) };
            mask?.dispose();
            type?.dispose();
            return answer;
        },
    };
}
