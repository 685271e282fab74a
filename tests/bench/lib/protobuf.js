/** The part of Protocol Buffers that ONNX files need: reads the fields of a message, and writes messages. */

/**
 * A field of a message: a whole number (varint), or bytes (text, messages, packed numbers). Other kinds keep their
 * raw bytes.
 * @typedef {{ number: number, wire: number, value: bigint | Uint8Array }} Field
 */

const VARINT = 0;
const LENGTH = 2;
/** @type {Record<number, number>} */
const FIXED_SIZES = { 1: 8, 5: 4 };

/**
 * @param {Uint8Array} bytes of a message
 * @returns {Field[]}
 */
export function readFields(bytes) {
    let position = 0;
    const varint = () => {
        let value = 0n;
        for (let shift = 0n; ; shift += 7n) {
            const byte = bytes[position++];
            if (byte === undefined || shift > 63n) throw new Error('the message is damaged');
            value |= BigInt(byte & 127) << shift;
            if (byte < 128) return value;
        }
    };
    const fields = [];
    while (position < bytes.length) {
        const tag = Number(varint());
        const wire = tag & 7;
        if (wire === VARINT) {
            fields.push({ number: tag >> 3, wire, value: varint() });
            continue;
        }
        const size = wire === LENGTH ? Number(varint()) : FIXED_SIZES[wire];
        if (size === undefined || position + size > bytes.length) throw new Error('the message is damaged');
        fields.push({ number: tag >> 3, wire, value: bytes.subarray(position, position + size) });
        position += size;
    }
    return fields;
}

/**
 * @param {bigint} value
 * @returns {number[]}
 */
function varintBytes(value) {
    const bytes = [];
    let rest = BigInt.asUintN(64, value);
    for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
    return bytes;
}

/** A message being written. */
export class Message {
    /** @type {Uint8Array[]} */
    #parts = [];

    /**
     * @param {number} field
     * @param {number | bigint} value
     */
    integer(field, value) {
        this.#parts.push(Uint8Array.from([...varintBytes(BigInt(field << 3)), ...varintBytes(BigInt(value))]));
        return this;
    }

    /**
     * @param {number} field
     * @param {Uint8Array | string | Message} value
     */
    bytes(field, value) {
        const content = typeof value === 'string' ? new TextEncoder().encode(value)
            : value instanceof Message ? value.finish() : value;
        const head = [...varintBytes(BigInt((field << 3) | LENGTH)), ...varintBytes(BigInt(content.length))];
        this.#parts.push(Uint8Array.from(head), content);
        return this;
    }

    /** @returns {Uint8Array} */
    finish() {
        const whole = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
        let offset = 0;
        for (const part of this.#parts) {
            whole.set(part, offset);
            offset += part.length;
        }
        return whole;
    }
}
