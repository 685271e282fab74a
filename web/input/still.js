/** A PNG, JPEG or BMP file. The engine decodes it for the network, the browser for the viewer. */

/**
 * @typedef {import('./source.js').Source} Source
 * @typedef {import('../engine/engine.js').Engine} Engine
 */

/**
 * @param {Blob} file
 * @param {Engine} engine
 * @returns {Source}
 */
export function openStill(file, engine) {
    return {
        kind: 'image',
        frameCount: 1,
        framesPerSecond: 0,
        scales: [],
        areas: [],
        input: () => Promise.resolve(file),
        picture: () => pictureOf(file, engine),
        close() {},
    };
}

/**
 * The browser decodes off the main thread and applies the EXIF orientation, as the engine does. Files that the browser
 * cannot read are decoded by the engine.
 * @param {Blob} file
 * @param {Engine} engine
 * @returns {Promise<ImageBitmap>}
 */
export async function pictureOf(file, engine) {
    try {
        return await createImageBitmap(file, { imageOrientation: 'from-image' });
    } catch {
        return createImageBitmap(toImageData(await engine.pool.decode(file)));
    }
}

/**
 * @param {{ data: Uint8Array | Uint8ClampedArray, width: number, height: number }} image grey, RGB or RGBA
 * @returns {ImageData}
 */
export function toImageData({ data, width, height }) {
    const pixels = width * height;
    const channels = data.length / pixels;
    const output = new Uint8ClampedArray(pixels * 4);
    if (channels === 4) {
        output.set(data);
    } else {
        const step = channels === 3 ? 1 : 0;
        for (let from = 0, to = 0; to < output.length; from += channels, to += 4) {
            output[to] = data[from] ?? 0;
            output[to + 1] = data[from + step] ?? 0;
            output[to + 2] = data[from + 2 * step] ?? 0;
            output[to + 3] = 255;
        }
    }
    return new ImageData(output, width, height);
}
