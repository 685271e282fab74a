/**
 * The same network in 8 bits for onnxruntime, statically quantised: activations uint8 (one scale per tensor, from the
 * ranges over some images), weights int8 (one scale per channel, symmetric), QLinearConv with the ReLU in the range of
 * its output. The input and output of pooling, upsampling and concatenation share a scale, so that these operations run
 * in 8 bits too. The type head and the last sigmoid, which process few numbers, stay in float.
 */
import { FLOAT, writeOnnx } from './onnx.js';

/**
 * @typedef {import('./onnx.js').Graph} Graph
 * @typedef {import('./onnx.js').Node} Node
 * @typedef {import('./onnx.js').Tensor} Tensor
 */

/** Operations that only move or choose values. */
const PASSING = new Set(['MaxPool', 'Resize', 'Concat']);

/**
 * @param {Graph} graph
 * @returns {string[]} of the tensors that become 8-bit, the input first
 */
function quantisedTensors(graph) {
    const quantised = new Set(graph.inputs.map(({ name }) => name));
    for (const { operation, inputs, outputs } of graph.nodes)
        if ((operation === 'Conv' || operation === 'Relu' || PASSING.has(operation)) && quantised.has(inputs[0] ?? ''))
            quantised.add(outputs[0] ?? '');
    return [...quantised];
}

/**
 * Largest and smallest value of each tensor over some images.
 * @param {Graph} graph
 * @param {string[]} names
 * @param {Float32Array[]} images
 * @param {typeof import('onnxruntime-node')} ort
 * @returns {Promise<Map<string, [number, number]>>}
 */
async function measureRanges(graph, names, images, ort) {
    const inputs = new Set(graph.inputs.map(({ name }) => name));
    const wanted = names.filter(name => !inputs.has(name));
    const outputs = wanted.map(name => ({ name, shape: null, type: FLOAT }));
    const session = await ort.InferenceSession.create(writeOnnx({ ...graph, outputs }));
    const [input] = graph.inputs;
    /** @type {Map<string, [number, number]>} */
    const ranges = new Map(names.map(name => [name, inputs.has(name) ? [-1, 1] : [0, 0]]));
    for (const image of images) {
        const answers = await session.run({
            [input?.name ?? '']: new ort.Tensor('float32', image, input?.shape ?? []),
        });
        for (const name of wanted) {
            const range = /** @type {[number, number]} */ (ranges.get(name));
            const values = answers[name]?.data ?? [];
            for (const value of /** @type {Float32Array} */ (values)) {
                if (value < range[0]) range[0] = value;
                if (value > range[1]) range[1] = value;
            }
        }
    }
    await session.release();
    return ranges;
}

/** Groups of tensors that must share a scale. */
class Groups {
    /** @type {Map<string, string>} */
    #parents = new Map();

    /**
     * @param {string} name
     * @returns {string} the same for all of a group
     */
    find(name) {
        const parent = this.#parents.get(name);
        return parent === undefined ? name : this.find(parent);
    }

    /**
     * @param {string} one
     * @param {string} other
     */
    join(one, other) {
        const [a, b] = [this.find(one), this.find(other)];
        if (a !== b) this.#parents.set(a, b);
    }
}

/**
 * @param {Graph} graph
 * @param {Map<string, [number, number]>} ranges
 * @returns {(name: string) => { scale: number, zero: number, key: string }}
 */
function scalesOf(graph, ranges) {
    const groups = new Groups();
    for (const { operation, inputs, outputs } of graph.nodes) {
        if (!PASSING.has(operation) || !ranges.has(outputs[0] ?? '')) continue;
        for (const input of operation === 'Concat' ? inputs : inputs.slice(0, 1)) groups.join(input, outputs[0] ?? '');
    }
    /** @type {Map<string, [number, number]>} */
    const joined = new Map();
    for (const [name, [low, high]] of ranges) {
        const [lowest, highest] = joined.get(groups.find(name)) ?? [0, 0];
        joined.set(groups.find(name), [Math.min(low, lowest), Math.max(high, highest)]);
    }
    return name => {
        const key = groups.find(name);
        const [low, high] = joined.get(key) ?? [0, 0];
        const scale = (high - low || 1) / 255;
        return { scale, zero: Math.round(-low / scale), key };
    };
}

/**
 * @param {Tensor} weights [out][in][side][side]
 * @returns {{ values: Int8Array, scales: Float32Array }}
 */
function quantiseWeights({ values: all, shape }) {
    const values = /** @type {Float32Array} */ (all);
    const [channels = 1] = shape;
    const size = values.length / channels;
    const scales = new Float32Array(channels);
    const quantised = new Int8Array(values.length);
    for (let channel = 0; channel < channels; channel++) {
        const part = values.subarray(channel * size, (channel + 1) * size);
        const scale = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127 || 1;
        scales[channel] = scale;
        part.forEach((value, index) => {
            quantised[channel * size + index] = Math.round(value / scale);
        });
    }
    return { values: quantised, scales };
}

/**
 * @param {Graph} graph as readOnnx gives it
 * @param {Float32Array[]} images to take the ranges from
 * @param {typeof import('onnxruntime-node')} ort
 * @returns {Promise<Uint8Array>} the quantised network's ONNX file
 */
export async function quantise(graph, images, ort) {
    const names = quantisedTensors(graph);
    const ranges = await measureRanges(graph, names, images, ort);
    const scaleOf = scalesOf(graph, ranges);
    /** @type {Node[]} */
    const nodes = [];
    /** @type {Map<string, Tensor>} */
    const tensors = new Map();
    /** @param {Tensor} tensor */
    const add = tensor => {
        tensors.set(tensor.name, tensor);
        return tensor.name;
    };
    /** @param {string} name */
    const scaleTensors = name => {
        const { scale, zero, key } = scaleOf(name);
        return [add({ name: `${key}.scale`, shape: [], values: Float32Array.of(scale) }),
            add({ name: `${key}.zero`, shape: [], values: Uint8Array.of(zero) })];
    };
    const eight = (/** @type {string} */ name) => `${name}.8bit`;
    for (const { name } of graph.inputs)
        nodes.push({ operation: 'QuantizeLinear', name: eight(name), inputs: [name, ...scaleTensors(name)],
            outputs: [eight(name)], attributes: {} });
    const isQuantised = new Set(names);
    const returned = new Set();
    /** @param {string} name of a tensor to convert back to float, once */
    const floating = name => {
        if (!isQuantised.has(name)) {
            const tensor = graph.tensors.get(name);
            if (tensor) add(tensor);
            return name;
        }
        if (!returned.has(name))
            nodes.push({ operation: 'DequantizeLinear', name, inputs: [eight(name), ...scaleTensors(name)],
                outputs: [name], attributes: {} });
        returned.add(name);
        return name;
    };
    const reluOf = new Map(graph.nodes.filter(({ operation }) => operation === 'Relu')
        .map(({ inputs, outputs }) => [inputs[0] ?? '', outputs[0] ?? '']));
    for (const node of graph.nodes) {
        const [input = '', weights = '', bias = ''] = node.inputs;
        const [output = ''] = node.outputs;
        if (!isQuantised.has(output)) {
            nodes.push({ ...node, inputs: node.inputs.map(floating) });
        } else if (node.operation === 'Conv') {
            const tensor = /** @type {Tensor} */ (graph.tensors.get(weights));
            const { values, scales } = quantiseWeights(tensor);
            const inputScale = scaleOf(input).scale;
            const offsets = Int32Array.from(/** @type {Tensor} */ (graph.tensors.get(bias)).values,
                (value, channel) => Math.round(value / (inputScale * (scales[channel] ?? 1))));
            const result = reluOf.get(output) ?? output;
            nodes.push({
                operation: 'QLinearConv',
                name: eight(result),
                inputs: [eight(input), ...scaleTensors(input),
                    add({ ...tensor, values }),
                    add({ name: `${weights}.scale`, shape: [scales.length], values: scales }),
                    add({ name: `${weights}.zero`, shape: [scales.length], values: new Int8Array(scales.length) }),
                    ...scaleTensors(result),
                    add({ name: bias, shape: [offsets.length], values: offsets })],
                outputs: [eight(result)],
                attributes: node.attributes,
            });
        } else if (PASSING.has(node.operation)) {
            const inputs = node.inputs.map(name => isQuantised.has(name) ? eight(name) : name && floating(name));
            nodes.push({ ...node, inputs, outputs: [eight(output)] });
        }
    }
    return writeOnnx({ nodes, tensors, inputs: graph.inputs, outputs: graph.outputs });
}
