/**
 * Runs while the page is still parsed: starts the first worker, which loads module and weights, and requests what is needed
 * next. early.js takes it all over. A classic script, because browsers run modules only after the page is parsed, or even
 * painted.
 */
{
    const script = /** @type {HTMLScriptElement} */ (document.currentScript);
    // As in wasm/own-files.js, which this script cannot import.
    const relaxed = WebAssembly.validate(Uint8Array.of(
        0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0,
        65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11));
    const at = (/** @type {string} */ path) => new URL(path, script.src).href;
    const worker = new Worker(at('worker.js'), { type: 'module', name: 'sonomask' });
    const { port1, port2 } = new MessageChannel();
    const files = {
        module: at(`../../wasm/sonomask.${relaxed ? 'relaxed' : 'simd'}.wasm`),
        weights: at('../../weights/sonomask.safetensors'),
    };
    worker.postMessage({ load: files }, [port2]);
    /**
     * @param {keyof typeof files} part see load.js
     * @returns {Promise<any>} fails when the worker did not start, or could not load it
     */
    const loaded = part => new Promise((resolve, reject) => {
        const fail = () => reject(new Error(`cannot load ${files[part]}`));
        worker.addEventListener('error', fail);
        port1.addEventListener('message', ({ data }) => {
            if (data.part !== part) return;
            if (data.content) resolve(data.content);
            else fail();
        });
    });
    const sampleFirst = location.hash === '#sample';
    /** @type {import('./early.js').Early} */
    const early = {
        worker,
        failed: false,
        files: Object.values(files),
        module: loaded('module'),
        weights: loaded('weights'),
        report: () => undefined,
        checksum: fetch(at('../../weights/SHA256SUMS'), { priority: 'low' }),
        // Those of input/samples.js. They follow at once, so the start view is not painted first.
        samples: sampleFirst ? [1, 2, 3].map(number => fetch(at(`../samples/phantom-${number}.png`), { priority: number === 1 ? 'auto' : 'low' })) : null,
    };
    worker.addEventListener('error', () => (early.failed = true));
    port1.addEventListener('message', ({ data }) => {
        if (data.part === 'share') early.report(data.content);
    });
    port1.start();
    // engine.js reports what fails here.
    for (const loading of [early.module, early.weights, early.checksum, ...(early.samples ?? [])]) loading.catch(() => undefined);
    Reflect.set(globalThis, 'sonomaskEarly', early);
    document.documentElement.classList.toggle('sample-first', sampleFirst);
}
