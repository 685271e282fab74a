/** Colours of DICOM as RGB with 8 bits. */

/** @typedef {Uint8Array | Uint16Array} Samples */

/**
 * YCbCr to RGB (ITU-R BT.601), in place. Of full range, as JPEG has it, or with 16..235 for the brightness and 16..240 for
 * the colours.
 * @param {Uint8Array} data three bytes per pixel
 * @param {boolean} partial
 */
export function ybrToRgb(data, partial = false) {
    const clamped = new Uint8ClampedArray(data.buffer, data.byteOffset, data.length);
    const luma = partial ? 255 / 219 : 1;
    const chroma = partial ? 255 / 224 : 1;
    const black = partial ? 16 : 0;
    const [red = 0, greenByBlue = 0, greenByRed = 0, blue = 0] = [1.402, (0.114 * 1.772) / 0.587, (0.299 * 1.402) / 0.587, 1.772].map(factor => factor * chroma);
    for (let index = 0; index < data.length; index += 3) {
        const y = luma * (/** @type {number} */ (data[index]) - black);
        const cb = /** @type {number} */ (data[index + 1]) - 128;
        const cr = /** @type {number} */ (data[index + 2]) - 128;
        clamped[index] = Math.floor(y + red * cr + 0.5);
        clamped[index + 1] = Math.floor(y - greenByBlue * cb - greenByRed * cr + 0.5);
        clamped[index + 2] = Math.floor(y + blue * cb + 0.5);
    }
}

/**
 * The same with the whole numbers of the Independent JPEG Group's library (jdcolor.c), for JPEG.
 * @param {Uint8Array} data three bytes per pixel
 */
export function jpegYccToRgb(data) {
    const clamped = new Uint8ClampedArray(data.buffer, data.byteOffset, data.length);
    for (let index = 0; index < data.length; index += 3) {
        const y = /** @type {number} */ (data[index]);
        const cb = /** @type {number} */ (data[index + 1]) - 128;
        const cr = /** @type {number} */ (data[index + 2]) - 128;
        clamped[index] = y + ((91881 * cr + 32768) >> 16);
        clamped[index + 1] = y + ((-22554 * cb - 46802 * cr + 32768) >> 16);
        clamped[index + 2] = y + ((116130 * cb + 32768) >> 16);
    }
}

/**
 * @param {Samples} samples
 * @param {number} bits stored
 * @returns {Uint8Array} the upper 8 bits, or the lower ones scaled up
 */
export function toBytes(samples, bits) {
    if (bits === 8 && samples instanceof Uint8Array) return samples;
    const mask = 2 ** bits - 1;
    if (bits > 8) return Uint8Array.from(samples, value => (value & mask) >> (bits - 8));
    return Uint8Array.from(samples, value => Math.round(((value & mask) * 255) / mask));
}

/**
 * Planes one after the other to samples interleaved by pixel.
 * @template {Samples} T
 * @param {T} planes
 * @param {number} channels
 * @returns {T}
 */
export function interleaved(planes, channels) {
    const count = planes.length / channels;
    const output = /** @type {T} */ (planes instanceof Uint16Array ? new Uint16Array(planes.length) : new Uint8Array(planes.length));
    for (let channel = 0; channel < channels; channel++)
        for (let index = 0; index < count; index++) output[index * channels + channel] = /** @type {number} */ (planes[channel * count + index]);
    return output;
}

/**
 * Pairs of pixels that share their colour: two of brightness, then the colours.
 * @param {Uint8Array} raw
 * @returns {Uint8Array} three bytes per pixel
 */
export function unpaired(raw) {
    const pairs = raw.length >> 2;
    const output = new Uint8Array(pairs * 6);
    for (let pair = 0; pair < pairs; pair++) {
        const [first = 0, second = 0, blue = 0, red = 0] = raw.subarray(pair * 4, pair * 4 + 4);
        output.set([first, blue, red, second, blue, red], pair * 6);
    }
    return output;
}
