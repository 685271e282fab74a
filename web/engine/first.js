/**
 * Runs while the page is still parsed: starts the first worker and requests the module, the weights and, where the address
 * asks for them, the samples. early.js takes them over. A classic script, because browsers run modules only after the
 * page is parsed, or even painted.
 */
{
    const script = /** @type {HTMLScriptElement} */ (document.currentScript);
    // As in wasm/own-files.js, which this script cannot import.
    const relaxed = WebAssembly.validate(Uint8Array.of(
        0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0,
        65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11));
    const at = (/** @type {string} */ path) => new URL(path, script.src);
    const worker = new Worker(at('worker.js'), { type: 'module', name: 'sonomask' });
    const sampleFirst = location.hash === '#sample';
    /** @type {import('./early.js').Early} */
    const early = {
        worker,
        failed: false,
        module: WebAssembly.compileStreaming(fetch(at(`../../wasm/sonomask.${relaxed ? 'relaxed' : 'simd'}.wasm`))),
        weights: fetch(at('../../weights/sonomask.safetensors')),
        checksum: fetch(at('../../weights/SHA256SUMS'), { priority: 'low' }),
        // Those of input/samples.js. They follow at once, so the start view is not painted first.
        samples: sampleFirst ? [1, 2, 3].map(number => fetch(at(`../samples/phantom-${number}.png`), { priority: number === 1 ? 'auto' : 'low' })) : null,
    };
    worker.addEventListener('error', () => (early.failed = true));
    // The module starts before the pool exists, which asks for the same (wasm/worker-calls.js).
    early.module.then(
        module => worker.postMessage({ prepare: { module, backend: 'auto' } }),
        () => undefined, // engine.js reports what fails here
    );
    for (const loading of [early.weights, early.checksum, ...(early.samples ?? [])]) loading.catch(() => undefined);
    Reflect.set(globalThis, 'sonomaskEarly', early);
    document.documentElement.classList.toggle('sample-first', sampleFirst);
}
