/** Text inside PNG files. */

/** @param {Uint8Array} bytes */
function crcOf(bytes) {
    let crc = -1;
    for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    return ~crc >>> 0;
}

const HEAD = 33; // bytes of the signature and the first chunk

/**
 * @param {Uint8Array<ArrayBuffer>} png
 * @param {string} keyword
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>} with an international text chunk after the head
 */
export function withText(png, keyword, text) {
    const content = new TextEncoder().encode(`iTXt${keyword}\0\0\0\0\0${text}`);
    const chunk = new Uint8Array(content.length + 8);
    const view = new DataView(chunk.buffer);
    view.setUint32(0, content.length - 4);
    chunk.set(content, 4);
    view.setUint32(content.length + 4, crcOf(content));
    const output = new Uint8Array(png.length + chunk.length);
    output.set(png.subarray(0, HEAD));
    output.set(chunk, HEAD);
    output.set(png.subarray(HEAD), HEAD + chunk.length);
    return output;
}
