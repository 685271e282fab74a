/** Browsers and their workers. Contains nothing of Node, so that bundlers do not look for its modules. */
import { SonomaskError, messageOf } from './error.js';
import { ownWasm, ownWeights, viteHint } from './own-files.js';

/**
 * @typedef {import('./platform.js').Platform} Platform
 * @typedef {import('./platform.js').WorkerFactory} WorkerFactory
 */

/** @type {WorkerOptions} */
const WORKER_OPTIONS = { type: 'module', name: 'sonomask' };

/**
 * Browsers start no worker whose script is from another origin, such as a CDN. But a script of the page's own origin may
 * import it, if the other server allows it by CORS.
 * @param {URL} script
 * @returns {string} address of a script of this origin that runs `script`
 */
function shimFor(script) {
    const code = `import ${JSON.stringify(script.href)};`;
    // In a sandboxed frame, whose origin is "null", Chromium starts no module worker from a blob.
    if (globalThis.origin === 'null') return `data:text/javascript,${encodeURIComponent(code)}`;
    return URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
}

/**
 * @param {URL} script
 * @returns {boolean}
 */
function isForeign({ protocol, origin }) {
    // Not location.origin: a sandboxed frame has the origin "null".
    return /^https?:$/.test(protocol) && origin !== globalThis.origin;
}

/**
 * @param {URL} script
 * @returns {() => Worker}
 */
function starterOf(script) {
    if (!isForeign(script)) return () => new Worker(script, WORKER_OPTIONS);
    /** Made at the first start and kept: a released address would not start the next worker. @type {string | undefined} */
    let shim;
    return () => {
        shim ??= shimFor(script);
        return new Worker(shim, WORKER_OPTIONS);
    };
}

/** Starts the package's own worker. @returns {() => Worker} */
function ownStarter() {
    // Only as plain files, not bundled, has the script a name that is known here.
    const here = new URL(import.meta.url);
    if (here.pathname.endsWith('/wasm/platform-browser.js') && isForeign(here))
        return starterOf(new URL(here.href.replace(/[^/]+$/, 'worker.browser.js')));
    // Bundlers find the worker only when it is written like this.
    return () => new Worker(new URL('./worker.browser.js', import.meta.url), { type: 'module', name: 'sonomask' });
}

/**
 * @param {import('./sonomask.js').PoolOptions['worker']} script
 * @returns {() => Worker}
 */
function chosenStarter(script) {
    if (script === undefined) return ownStarter();
    if (typeof script === 'function') return script;
    return starterOf(script instanceof URL ? script : new URL(script, globalThis.document?.baseURI ?? globalThis.location.href));
}

const WHAT_TO_CHECK = 'Check its address, the worker-src of the content security policy, and for a script from another origin ' +
    'also CORS and the script-src; the option worker chooses another script';

/**
 * @param {() => Worker} start
 * @returns {WorkerFactory}
 */
function factoryOf(start) {
    return (events) => {
        let worker;
        try {
            worker = start();
        } catch (error) {
            // WebKit refuses at once what the content security policy forbids, and gives no reason.
            throw new Error(`${messageOf(error)} ${WHAT_TO_CHECK}`, { cause: error });
        }
        worker.onmessage = (event) => events.message(event.data);
        worker.onmessageerror = () => events.failure('its answer could not be read');
        worker.onerror = (event) => {
            event.preventDefault();
            events.failure(event.message || `its script could not be loaded. ${WHAT_TO_CHECK}${viteHint(import.meta.url)}`);
        };
        return {
            post: (message, transfer) => worker.postMessage(message, transfer),
            terminate: () => worker.terminate(),
            setBusy() {},
        };
    };
}

/** @type {Platform} */
export const browser = {
    wasm: ownWasm,
    weights: ownWeights,
    compiles: true,
    readFile: null,
    async workers(script) {
        if (typeof Worker !== 'function')
            throw new SonomaskError('worker', 'there are no workers here, for example in a service worker: use Sonomask');
        return factoryOf(chosenStarter(script));
    },
    async processorCount() {
        return globalThis.navigator?.hardwareConcurrency ?? 1;
    },
};
