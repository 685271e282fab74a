/**
 * Reads and writes ONNX files, as far as `sonomask export --onnx` and the conversions to other engines use the format.
 * Field numbers are those of onnx.proto.
 */
import { Message, readFields } from './protobuf.js';

/**
 * @typedef {Float32Array | Int8Array | Uint8Array | Int32Array} Values
 * @typedef {{ name: string, shape: number[], values: Values }} Tensor
 * @typedef {{ name: string, shape: number[] | null, type: number }} Value
 * @typedef {Record<string, number | string | number[]>} Attributes
 * @typedef {{ operation: string, name: string, inputs: string[], outputs: string[], attributes: Attributes }} Node
 * @typedef {object} Graph
 * @property {Node[]} nodes in the order in which they can run
 * @property {Map<string, Tensor>} tensors initialisers by name
 * @property {Value[]} inputs
 * @property {Value[]} outputs
 */

export const FLOAT = 1;
export const UINT8 = 2;
export const INT8 = 3;
export const INT32 = 6;

const IR_VERSION = 8;
const OPSET = 17;

/**
 * @param {import('./protobuf.js').Field} field
 * @returns {Uint8Array}
 */
const bytesOf = field => /** @type {Uint8Array} */ (field.value);
/** @param {import('./protobuf.js').Field} field */
const textOf = field => new TextDecoder().decode(bytesOf(field));
/** @param {import('./protobuf.js').Field} field */
const integerOf = field => Number(BigInt.asIntN(64, /** @type {bigint} */ (field.value)));

/**
 * @param {Uint8Array} bytes
 * @returns {[string, number | string | number[]]}
 */
function readAttribute(bytes) {
    let name = '';
    /** @type {number | string | number[]} */
    let value = [];
    for (const field of readFields(bytes)) {
        if (field.number === 1) name = textOf(field);
        else if (field.number === 3) value = integerOf(field);
        else if (field.number === 4) value = textOf(field);
        else if (field.number === 8) /** @type {number[]} */ (value).push(integerOf(field));
    }
    return [name, value];
}

/**
 * @param {Uint8Array} bytes
 * @returns {Node}
 */
function readNode(bytes) {
    /** @type {Node} */
    const node = { operation: '', name: '', inputs: [], outputs: [], attributes: {} };
    for (const field of readFields(bytes)) {
        if (field.number === 1) node.inputs.push(textOf(field));
        else if (field.number === 2) node.outputs.push(textOf(field));
        else if (field.number === 3) node.name = textOf(field);
        else if (field.number === 4) node.operation = textOf(field);
        else if (field.number === 5) {
            const [name, value] = readAttribute(bytesOf(field));
            node.attributes[name] = value;
        }
    }
    return node;
}

/**
 * @param {Uint8Array} bytes
 * @returns {Tensor}
 */
function readTensor(bytes) {
    /** @type {Tensor} */
    const tensor = { name: '', shape: [], values: new Float32Array() };
    for (const field of readFields(bytes)) {
        if (field.number === 1) tensor.shape.push(integerOf(field));
        else if (field.number === 2 && integerOf(field) !== FLOAT) throw new Error('only float tensors are read');
        else if (field.number === 8) tensor.name = textOf(field);
        else if (field.number === 9) tensor.values = new Float32Array(new Uint8Array(bytesOf(field)).buffer);
    }
    return tensor;
}

/**
 * @param {Uint8Array} bytes
 * @returns {Value}
 */
function readValue(bytes) {
    /** @type {Value} */
    const value = { name: '', shape: [], type: FLOAT };
    for (const field of readFields(bytes)) {
        if (field.number === 1) value.name = textOf(field);
        if (field.number !== 2) continue;
        const [tensor] = readFields(bytesOf(field));
        if (!tensor) continue;
        for (const part of readFields(bytesOf(tensor))) {
            if (part.number !== 2) continue;
            value.shape = readFields(bytesOf(part)).map(dimension => {
                const [extent] = readFields(bytesOf(dimension));
                // A dimension with a name is free: the number of images. The other engines get one.
                return extent?.number === 1 ? integerOf(extent) : 1;
            });
        }
    }
    return value;
}

/**
 * @param {Uint8Array} bytes of a file
 * @returns {Graph}
 */
export function readOnnx(bytes) {
    /** @type {Graph} */
    const graph = { nodes: [], tensors: new Map(), inputs: [], outputs: [] };
    const whole = readFields(bytes).find(({ number }) => number === 7);
    if (!whole) throw new Error('the file has no graph');
    for (const field of readFields(bytesOf(whole))) {
        if (field.number === 1) graph.nodes.push(readNode(bytesOf(field)));
        else if (field.number === 11) graph.inputs.push(readValue(bytesOf(field)));
        else if (field.number === 12) graph.outputs.push(readValue(bytesOf(field)));
        else if (field.number === 5) {
            const tensor = readTensor(bytesOf(field));
            graph.tensors.set(tensor.name, tensor);
        }
    }
    return graph;
}

/**
 * @param {string} name
 * @param {number | string | number[]} value
 * @returns {Message}
 */
function attributeMessage(name, value) {
    const message = new Message().bytes(1, name);
    if (typeof value === 'number') return message.integer(3, value).integer(20, 2);
    if (typeof value === 'string') return message.bytes(4, value).integer(20, 3);
    for (const number of value) message.integer(8, number);
    return message.integer(20, 7);
}

/**
 * @param {Values} values
 * @returns {number}
 */
function typeOf(values) {
    if (values instanceof Float32Array) return FLOAT;
    if (values instanceof Uint8Array) return UINT8;
    return values instanceof Int8Array ? INT8 : INT32;
}

/**
 * @param {Value} value
 * @returns {Message}
 */
function valueMessage({ name, shape, type }) {
    const tensor = new Message().integer(1, type);
    if (shape) {
        const extents = new Message();
        for (const extent of shape) extents.bytes(1, new Message().integer(1, extent));
        tensor.bytes(2, extents);
    }
    return new Message().bytes(1, name).bytes(2, new Message().bytes(1, tensor));
}

/**
 * @param {Graph} graph
 * @returns {Uint8Array}
 */
export function writeOnnx(graph) {
    const body = new Message();
    for (const { operation, name, inputs, outputs, attributes } of graph.nodes) {
        const node = new Message();
        for (const input of inputs) node.bytes(1, input);
        for (const output of outputs) node.bytes(2, output);
        node.bytes(3, name).bytes(4, operation);
        for (const [key, value] of Object.entries(attributes)) node.bytes(5, attributeMessage(key, value));
        body.bytes(1, node);
    }
    body.bytes(2, 'network');
    for (const { name, shape, values } of graph.tensors.values()) {
        const tensor = new Message();
        for (const extent of shape) tensor.integer(1, extent);
        tensor.integer(2, typeOf(values)).bytes(8, name);
        tensor.bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
        body.bytes(5, tensor);
    }
    for (const input of graph.inputs) body.bytes(11, valueMessage(input));
    for (const output of graph.outputs) body.bytes(12, valueMessage(output));
    const opset = new Message().bytes(1, '').integer(2, OPSET);
    return new Message().integer(1, IR_VERSION).bytes(7, body).bytes(8, opset).finish();
}
