/** onnxruntime-web's WebAssembly backend on one thread. Runs in Node and in browsers. */

/** @type {Promise<typeof import('onnxruntime-web')> | undefined} */
let loaded;

async function load() {
    const ort = await import('onnxruntime-web');
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.proxy = false;
    ort.env.logLevel = 'error';
    return ort;
}

/**
 * @param {(name: string) => Promise<Uint8Array>} read a file of the models' folder
 * @param {{ file: string }} options
 * @returns {Promise<import('../lib/pairs.js').Engine>}
 */
export async function create(read, { file }) {
    loaded ??= load();
    const ort = await loaded;
    const session = await ort.InferenceSession.create(await read(file),
        { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
    return {
        async run(image) {
            const side = Math.sqrt(image.length);
            const answer = await session.run({ image: new ort.Tensor('float32', image, [1, 1, side, side]) });
            return { mask: /** @type {Float32Array} */ (answer['mask']?.data),
                type: /** @type {Float32Array} */ (answer['type']?.data) };
        },
        close: () => session.release(),
    };
}
