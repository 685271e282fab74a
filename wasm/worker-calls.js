/** What each worker of the pool does: one Sonomask, one call at a time. */
import { SonomaskError, messageOf } from './error.js';
import { Sonomask, prepare } from './model.js';

/**
 * @typedef {object} Host
 * @property {(message: unknown, transfer: ArrayBuffer[]) => void} post
 * @property {(handler: (message: any) => void) => void} listen
 */

/**
 * The buffers of a result, which are transferred instead of copied.
 * @param {any} result
 * @returns {ArrayBuffer[]}
 */
function buffersOf(result) {
    if (ArrayBuffer.isView(result)) return [/** @type {ArrayBuffer} */ (result.buffer)];
    if (Array.isArray(result)) return result.flatMap((contour) => buffersOf(contour.points));
    return [result.mask, result.possibleMask, result.probabilityMap, result.data].filter(ArrayBuffer.isView).map((view) =>
        /** @type {ArrayBuffer} */ (view.buffer));
}

/** The module, started before the weights came. @type {ReturnType<typeof prepare> | undefined} */
let prepared;
/** @type {Sonomask | undefined} */
let sonomask;
/** The open image that the pool sent last. @type {import('./image.js').OpenImage | undefined} */
let image;

/**
 * @param {Sonomask} engine
 * @param {import('./image.js').Pixels | null} pixels null: the image is here already
 */
async function imageOf(engine, pixels) {
    if (pixels) {
        closeImage();
        image = await engine.open(pixels);
    }
    if (!image) throw new SonomaskError('internal', 'the worker has no image');
    return image;
}

function closeImage() {
    image?.close();
    image = undefined;
}

/** @param {import('./model.js').Resources} resources */
function load(resources) {
    const { module, weights, backend } = resources;
    sonomask = new Sonomask(resources, prepared ?? prepare(module, weights && backend));
    prepared = undefined; // the network may drop its instance, which then must not be held here
    return sonomask;
}

/**
 * Starts the module while the weights are still loading. What fails here fails again with the weights, where the answer says
 * why; so it does in `loadBefore`.
 * @param {WebAssembly.Module} module
 * @param {import('./sonomask.js').Backend | null} backend null: no network will be run
 */
export function prepareBefore(module, backend) {
    try {
        if (!sonomask) prepared ??= prepare(module, backend);
    } catch {
        prepared = undefined;
    }
}

/**
 * For a worker that has the resources before the pool, which must send the same.
 * @param {import('./model.js').Resources} resources
 */
export function loadBefore(resources) {
    try {
        sonomask ??= load(resources);
    } catch {
        prepared = undefined; // after a trap its state is undefined
    }
}

/**
 * @param {any} message from the pool: `prepare` and `resources` at first, then calls
 * @returns {Promise<unknown>}
 */
async function answer(message) {
    if (message.resources) return (sonomask ?? load(message.resources)).info;
    const { method, parameters } = message;
    if (!sonomask) throw new SonomaskError('internal', 'the worker has not been started');
    switch (method) {
        case 'segment': return sonomask.segment(parameters[0], parameters[1]);
        case 'pixels': return sonomask.pixelsOf(parameters[0]);
        case 'segmentOpen': return (await imageOf(sonomask, parameters[0])).segment(parameters[1]);
        case 'refineOpen': return (await imageOf(sonomask, parameters[0])).refine(parameters[1], parameters[2]);
        case 'measure': return sonomask.measure(parameters[0], parameters[1], parameters[2], parameters[3]);
        case 'contours': return sonomask.contours(parameters[0], parameters[1], parameters[2]);
        case 'encodePng': return sonomask.encodePng(parameters[0], parameters[1], parameters[2]);
        case 'decode': return sonomask.decode(parameters[0]);
        default: throw new SonomaskError('internal', `the worker has no method ${method}`);
    }
}

/**
 * Answers the messages of the pool.
 * @param {Host} host
 */
export function serve(host) {
    host.listen(async (message) => {
        if (message.close) {
            closeImage();
            return;
        }
        if (message.prepare) {
            prepareBefore(message.prepare.module, message.prepare.backend);
            return;
        }
        try {
            const result = await answer(message);
            host.post({ result }, buffersOf(result));
        } catch (error) {
            const code = error instanceof SonomaskError ? error.code : 'internal';
            host.post({ error: { code, message: messageOf(error) } }, []);
        }
    });
}

/** Answers in the worker of a browser. Without any await: messages that arrive before the listener are lost. */
export function serveInBrowser() {
    const scope = /** @type {Worker} */ (/** @type {unknown} */ (globalThis)); // a worker's global scope has the same two functions
    serve({
        post: (message, transfer) => scope.postMessage(message, transfer),
        listen: (handler) => scope.addEventListener('message', (event) => handler(event.data)),
    });
}
