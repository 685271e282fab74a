/** Reads and writes safetensors files, to change them for a test. */

/**
 * @typedef {object} Tensor
 * @property {string} dtype
 * @property {number[]} shape
 * @property {[number, number]} data_offsets
 */

/**
 * @param {Uint8Array} file
 * @returns {{ header: Record<string, any>, data: Uint8Array }}
 */
export function parseSafetensors(file) {
    const view = new DataView(file.buffer, file.byteOffset);
    const length = Number(view.getBigUint64(0, true));
    return {
        header: JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))),
        data: new Uint8Array(file.subarray(8 + length)), // a copy: Buffer's slice() would share memory
    };
}

/**
 * @param {Record<string, any>} header
 * @param {Uint8Array} data
 * @returns {Uint8Array}
 */
export function buildSafetensors(header, data) {
    const text = new TextEncoder().encode(JSON.stringify(header));
    const padded = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(0x20);
    padded.set(text);
    const file = new Uint8Array(8 + padded.length + data.length);
    new DataView(file.buffer).setBigUint64(0, BigInt(padded.length), true);
    file.set(padded, 8);
    file.set(data, 8 + padded.length);
    return file;
}

/**
 * Overwrites the first value of the first floating-point tensor with NaN.
 * @param {Uint8Array} file
 * @returns {Uint8Array}
 */
export function withNaN(file) {
    const { header, data } = parseSafetensors(file);
    for (const tensor of /** @type {Tensor[]} */ (Object.values(header))) {
        if (tensor.dtype !== 'F16' && tensor.dtype !== 'F32') continue;
        const nan = tensor.dtype === 'F16' ? [0x00, 0x7e] : [0x00, 0x00, 0xc0, 0x7f];
        data.set(nan, tensor.data_offsets[0]);
        return buildSafetensors(header, data);
    }
    throw new Error('no floating-point tensor');
}
