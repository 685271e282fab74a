const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    return value;
});

/**
 * CRC-32 as PNG uses it (Node's own came with 20.15).
 * @param {Uint8Array} bytes
 * @returns {number}
 */
export function crc32(bytes) {
    let value = 0xffffffff;
    for (const byte of bytes) value = /** @type {number} */ (TABLE[(value ^ byte) & 255]) ^ (value >>> 8);
    return (value ^ 0xffffffff) >>> 0;
}
