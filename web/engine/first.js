/**
 * Runs before everything else, as the page's first script: starts the first worker and requests the module, the
 * weights and, where the address asks for them, the samples while the page is still parsed. early.js takes them over. A classic script, because browsers run modules only after the
 * page is parsed, or even painted.
 */
{
    const script = /** @type {HTMLScriptElement} */ (document.currentScript);
    // As in wasm/own-files.js, which this script cannot import.
    const relaxed = WebAssembly.validate(Uint8Array.of(
        0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0,
        65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11));
    const at = (/** @type {string} */ path) => new URL(path, script.src);
    /** @type {import('./early.js').Early} */
    const early = {
        worker: new Worker(at('worker.js'), { type: 'module', name: 'sonomask' }),
        failed: false,
        module: WebAssembly.compileStreaming(fetch(at(`../../wasm/sonomask.${relaxed ? 'relaxed' : 'simd'}.wasm`))),
        weights: fetch(at('../../weights/sonomask.safetensors')),
        // Those of input/samples.js. They follow at once, so the start view is not painted first.
        samples: location.hash === '#sample' ? [1, 2, 3].map(number => fetch(at(`../samples/phantom-${number}.png`))) : null,
    };
    early.worker.addEventListener('error', () => (early.failed = true));
    // engine.js reports what fails here.
    for (const loading of [early.module, early.weights, ...(early.samples ?? [])]) loading.catch(() => undefined);
    Reflect.set(globalThis, 'sonomaskEarly', early);
    document.documentElement.classList.toggle('sample-first', early.samples !== null);
}
