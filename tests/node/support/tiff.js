/** Small uncompressed TIFF files. */

/**
 * @typedef {object} Page
 * @property {number} width
 * @property {number} height
 * @property {Buffer} pixels
 * @property {number} [samples]
 * @property {number} [bits]
 * @property {number} [photometric]
 * @property {number[]} [palette]
 */

/**
 * @param {Page[]} pages
 * @returns {Buffer}
 */
export function tiff(pages) {
    /** @type {Buffer[]} */
    const parts = [Buffer.from('II*\0\0\0\0\0', 'latin1')];
    let length = 8;
    const add = (/** @type {Buffer} */ part) => {
        const at = length;
        const even = part.length % 2 ? Buffer.concat([part, Buffer.alloc(1)]) : part;
        parts.push(even);
        length += even.length;
        return at;
    };
    /** Where the offset of the next page belongs. */
    let [link, linkAt] = [/** @type {Buffer} */ (parts[0]), 4];
    for (const { width, height, pixels, samples = 1, bits = 8, photometric = 1, palette } of pages) {
        const data = add(pixels);
        const depths = samples > 2 ? add(Buffer.from(Uint16Array.from({ length: samples }, () => bits).buffer)) : bits;
        const colours = palette ? add(Buffer.from(Uint16Array.from(palette).buffer)) : 0;
        /** @type {[tag: number, type: number, count: number, value: number][]} */
        const entries = [
            [256, 4, 1, width], [257, 4, 1, height], [258, 3, samples, depths], [259, 3, 1, 1], [262, 3, 1, photometric],
            [273, 4, 1, data], [277, 3, 1, samples], [278, 4, 1, height], [279, 4, 1, pixels.length],
            ...(palette ? [/** @type {[number, number, number, number]} */ ([320, 3, palette.length, colours])] : []),
        ];
        const directory = Buffer.alloc(2 + 12 * entries.length + 4);
        directory.writeUInt16LE(entries.length, 0);
        for (const [index, [tag, type, count, value]] of entries.entries()) {
            const at = 2 + 12 * index;
            directory.writeUInt16LE(tag, at);
            directory.writeUInt16LE(type, at + 2);
            directory.writeUInt32LE(count, at + 4);
            directory.writeUInt32LE(value, at + 8);
        }
        link.writeUInt32LE(add(directory), linkAt);
        [link, linkAt] = [directory, directory.length - 4];
    }
    return Buffer.concat(parts);
}
