/** LiteRT.js on its CPU backend (XNNPACK), one thread. In browsers only. */

/** @type {Promise<typeof import('@litertjs/core')> | undefined} */
let loaded;

async function load() {
    const litert = await import('@litertjs/core');
    await litert.loadLiteRt(new URL('../node_modules/@litertjs/core/wasm/', import.meta.url).href,
        { threads: false });
    return litert;
}

/**
 * @param {(name: string) => Promise<Uint8Array>} read a file of the models' folder
 * @param {{ file: string }} options
 * @returns {Promise<import('../lib/pairs.js').Engine>}
 */
export async function create(read, { file }) {
    loaded ??= load();
    const litert = await loaded;
    const model = await litert.loadAndCompile(await read(file), { accelerator: 'wasm' });
    return {
        async run(image) {
            const side = Math.sqrt(image.length);
            const input = new litert.Tensor(image, [1, side, side, 1]);
            const outputs = /** @type {import('@litertjs/core').Tensor[]} */ (await model.run([input]));
            // The longer of the two outputs is the mask.
            const values = outputs.map(output => Float32Array.from(/** @type {Float32Array} */ (output.toTypedArray())))
                .toSorted((a, b) => b.length - a.length);
            for (const tensor of [input, ...outputs]) tensor.delete();
            return { mask: values[0] ?? new Float32Array(), type: values[1] ?? new Float32Array() };
        },
        close: () => model.delete(),
    };
}
