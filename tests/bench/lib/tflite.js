/**
 * The exported network as a .tflite file, for LiteRT: NHWC, ReLU inside the convolutions, nearest upsampling. Covers
 * the operations of the plain U-Nets; other operations are an error that names them. The numbers are those of TensorFlow Lite's
 * schema.fbs: slots of tables in their order there, codes of operations, and types of their options.
 */
import { Builder } from 'flatbuffers';

/**
 * @typedef {import('./onnx.js').Graph} Graph
 * @typedef {import('./onnx.js').Node} Node
 */

const VERSION = 3;
const FLOAT32 = 0;
const INT32 = 2;
const SAME = 0;
const VALID = 1;
const RELU = 1;

/** Code of the operation, and type of its options (0: none). */
const OPERATIONS = {
    concatenation: { code: 2, options: 10 },
    conv: { code: 3, options: 1 },
    logistic: { code: 14, options: 0 },
    maxPool: { code: 17, options: 5 },
    multiply: { code: 18, options: 21 },
    reshape: { code: 22, options: 17 },
    softmax: { code: 25, options: 9 },
    mean: { code: 40, options: 27 },
    resizeNearest: { code: 97, options: 74 },
};

/** @typedef {keyof typeof OPERATIONS} Operation */
/** @typedef {['int8' | 'int32' | 'float32' | 'offset', number]} Slot */

/**
 * @param {Builder} builder
 * @param {(Slot | null)[]} slots
 * @returns {number}
 */
function table(builder, slots) {
    builder.startObject(slots.length);
    slots.forEach((slot, index) => {
        if (!slot) return;
        const [type, value] = slot;
        if (type === 'offset') builder.addFieldOffset(index, value, 0);
        else if (type === 'float32') builder.addFieldFloat32(index, value, NaN);
        else if (type === 'int8') builder.addFieldInt8(index, value, -1);
        else builder.addFieldInt32(index, value, -1);
    });
    return builder.endObject();
}

/**
 * @param {Builder} builder
 * @param {number[]} values
 * @param {'int32' | 'offset'} type
 * @returns {number}
 */
function vector(builder, values, type) {
    builder.startVector(4, values.length, 4);
    for (const value of values.toReversed()) {
        if (type === 'offset') builder.addOffset(value);
        else builder.addInt32(value);
    }
    return builder.endVector();
}

/**
 * @param {Builder} builder
 * @param {Uint8Array} bytes
 * @returns {number}
 */
function byteVector(builder, bytes) {
    builder.startVector(1, bytes.length, 16);
    for (let index = bytes.length - 1; index >= 0; index--) builder.addInt8(bytes[index] ?? 0);
    return builder.endVector();
}

/**
 * Tensors by name, their buffers, and the operations on them.
 */
class Model {
    /** @type {{ name: string, shape: number[], type: number, bytes: Uint8Array | null }[]} */
    tensors = [];
    /** @type {{ operation: Operation, inputs: number[], output: number, options: (Slot | null)[] }[]} */
    operators = [];
    /** @type {Map<string, number>} */
    #indices = new Map();

    /**
     * @param {string} name
     * @param {number[]} shape
     * @param {Float32Array | Int32Array | null} [values]
     * @returns {number} index
     */
    add(name, shape, values = null) {
        const bytes = values && new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
        this.tensors.push({ name, shape, type: values instanceof Int32Array ? INT32 : FLOAT32, bytes });
        this.#indices.set(name, this.tensors.length - 1);
        return this.tensors.length - 1;
    }

    /** @param {string} name */
    indexOf(name) {
        const index = this.#indices.get(name);
        if (index === undefined) throw new Error(`no tensor ${name}`);
        return index;
    }

    /** @param {string} name */
    shapeOf(name) {
        return /** @type {{ shape: number[] }} */ (this.tensors[this.indexOf(name)]).shape;
    }

    /**
     * @param {Operation} operation
     * @param {number[]} inputs
     * @param {string} output
     * @param {number[]} shape
     * @param {(Slot | null)[]} [options]
     */
    operate(operation, inputs, output, shape, options = []) {
        this.operators.push({ operation, inputs, output: this.add(output, shape), options });
    }

    /**
     * @param {string[]} inputs
     * @param {string[]} outputs
     * @returns {Uint8Array} the file
     */
    finish(inputs, outputs) {
        const builder = new Builder(1 << 20);
        // The first buffer is empty by convention: tensors without contents refer to it.
        const buffers = [table(builder, [null])];
        const tensors = this.tensors.map(({ name, shape, type, bytes }) => {
            let buffer = 0;
            if (bytes) {
                const data = byteVector(builder, bytes);
                buffer = buffers.push(table(builder, [['offset', data]])) - 1;
            }
            const text = builder.createString(name);
            const extents = vector(builder, shape, 'int32');
            return table(builder, [['offset', extents], ['int8', type], ['int32', buffer], ['offset', text]]);
        });
        const used = [...new Set(this.operators.map(({ operation }) => operation))];
        const codes = used.map(operation => table(builder, [
            ['int8', OPERATIONS[operation].code], null, ['int32', 1], ['int32', OPERATIONS[operation].code]]));
        const operators = this.operators.map(({ operation, inputs: read, output, options }) => {
            const type = OPERATIONS[operation].options;
            const readVector = vector(builder, read, 'int32');
            const written = vector(builder, [output], 'int32');
            const chosen = type === 0 ? null : table(builder, options);
            return table(builder, [['int32', used.indexOf(operation)], ['offset', readVector], ['offset', written],
                chosen === null ? null : ['int8', type], chosen === null ? null : ['offset', chosen]]);
        });
        const graph = table(builder, [
            ['offset', vector(builder, tensors, 'offset')],
            ['offset', vector(builder, inputs.map(name => this.indexOf(name)), 'int32')],
            ['offset', vector(builder, outputs.map(name => this.indexOf(name)), 'int32')],
            ['offset', vector(builder, operators, 'offset')],
            ['offset', builder.createString('main')],
        ].map(slot => /** @type {Slot} */ (slot)));
        const codesVector = vector(builder, codes, 'offset');
        const graphs = vector(builder, [graph], 'offset');
        const description = builder.createString('sonomask');
        const buffersVector = vector(builder, buffers, 'offset');
        builder.finish(table(builder, [['int32', VERSION], ['offset', codesVector], ['offset', graphs],
            ['offset', description], ['offset', buffersVector]]), 'TFL3');
        return builder.asUint8Array();
    }
}

/**
 * @param {import('./onnx.js').Tensor} tensor [out][in][height][width]
 * @returns {Float32Array} [out][height][width][in]
 */
function toOhwi({ values, shape }) {
    const [outputs = 0, inputs = 0, height = 0, width = 0] = shape;
    const taps = height * width;
    const result = new Float32Array(values.length);
    for (let out = 0; out < outputs; out++)
        for (let input = 0; input < inputs; input++)
            for (let tap = 0; tap < taps; tap++)
                result[(out * taps + tap) * inputs + input] = values[(out * inputs + input) * taps + tap] ?? 0;
    return result;
}

/**
 * @param {Graph} graph as readOnnx gives it
 * @returns {Uint8Array} the .tflite file
 */
export function convertToTflite(graph) {
    const model = new Model();
    const [input] = graph.inputs;
    const [, channels = 1, height = 0, width = 0] = input?.shape ?? [];
    model.add(input?.name ?? '', [1, height, width, channels]);
    const relus = new Map(graph.nodes.filter(({ operation }) => operation === 'Relu')
        .map(({ inputs, outputs }) => [inputs[0] ?? '', outputs[0] ?? '']));
    const tensorOf = (/** @type {string} */ name) => /** @type {import('./onnx.js').Tensor} */ (graph.tensors.get(name));
    for (const { operation, inputs, outputs, attributes } of graph.nodes) {
        const [first = '', second = '', third = ''] = inputs;
        const [output = ''] = outputs;
        if (operation === 'Relu') continue;
        const shape = model.shapeOf(first);
        const [, rows = 1, columns = 1, depth = 1] = shape;
        if (operation === 'Conv') {
            const weights = tensorOf(second);
            const [out = 0, read = 0, side = 0] = weights.shape;
            const relu = relus.get(output);
            const read1 = model.add(second, [out, side, side, read], toOhwi(weights));
            const bias = model.add(third, [out], /** @type {Float32Array} */ (tensorOf(third).values));
            model.operate('conv', [model.indexOf(first), read1, bias], relu ?? output, [1, rows, columns, out],
                [['int8', SAME], ['int32', 1], ['int32', 1], ['int8', relu ? RELU : 0], ['int32', 1], ['int32', 1]]);
        } else if (operation === 'MaxPool') {
            model.operate('maxPool', [model.indexOf(first)], output, [1, rows / 2, columns / 2, depth],
                [['int8', VALID], ['int32', 2], ['int32', 2], ['int32', 2], ['int32', 2], ['int8', 0]]);
        } else if (operation === 'Resize' && attributes['mode'] === 'nearest') {
            const size = model.add(`${output}.size`, [2], Int32Array.of(2 * rows, 2 * columns));
            model.operate('resizeNearest', [model.indexOf(first), size], output, [1, 2 * rows, 2 * columns, depth],
                [['int8', 0], ['int8', 0]]);
        } else if (operation === 'Concat') {
            const [, , , other = 0] = model.shapeOf(second);
            model.operate('concatenation', [model.indexOf(first), model.indexOf(second)], output,
                [1, rows, columns, depth + other], [['int32', 3], ['int8', 0]]);
        } else if (operation === 'GlobalAveragePool') {
            const axes = model.add(`${output}.axes`, [2], Int32Array.of(1, 2));
            model.operate('mean', [model.indexOf(first), axes], output, [1, 1, 1, depth], [['int8', 1]]);
        } else if (operation === 'Sigmoid') {
            model.operate('logistic', [model.indexOf(first)], output, shape);
        } else if (operation === 'Flatten') {
            const extents = [1, rows * columns * depth];
            const size = model.add(`${output}.shape`, [2], Int32Array.from(extents));
            model.operate('reshape', [model.indexOf(first), size], output, extents);
        } else if (operation === 'Mul' && graph.tensors.has(second)) {
            const factors = tensorOf(second);
            const other = model.add(second, factors.shape, /** @type {Float32Array} */ (factors.values));
            model.operate('multiply', [model.indexOf(first), other], output, shape, [['int8', 0]]);
        } else if (operation === 'Softmax') {
            model.operate('softmax', [model.indexOf(first)], output, shape, [['float32', 1]]);
        } else {
            throw new Error(`the conversion to .tflite does not support ${operation}`);
        }
    }
    return model.finish([input?.name ?? ''], graph.outputs.map(({ name }) => name));
}
