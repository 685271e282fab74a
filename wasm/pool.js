/** A queue of calls, and workers that each have one network. */
import { bytesOf, checkedOptions, checkedRegions } from './check.js';
import { SonomaskError, abortedError, messageOf, throwIfAborted } from './error.js';
import { OpenImage, requireNetwork } from './image.js';
import { startLoading } from './model.js';
import { copyOf, flatPrompts } from './prompts.js';

/**
 * @typedef {import('./image.js').Pixels} Pixels
 * @typedef {import('./sonomask.js').Contour} Contour
 * @typedef {import('./sonomask.js').DecodedImage} DecodedImage
 * @typedef {import('./sonomask.js').EncodedImage} EncodedImage
 * @typedef {import('./sonomask.js').Measurement} Measurement
 * @typedef {import('./sonomask.js').ModelInfo} ModelInfo
 * @typedef {import('./sonomask.js').OpenOptions} OpenOptions
 * @typedef {import('./sonomask.js').PoolMeasureOptions} PoolMeasureOptions
 * @typedef {import('./sonomask.js').PoolOptions} PoolOptions
 * @typedef {import('./sonomask.js').RawImage} RawImage
 * @typedef {import('./sonomask.js').SegmentOptions} SegmentOptions
 * @typedef {import('./sonomask.js').Segmentation} Segmentation
 * @typedef {import('./model.js').Loading} Loading
 * @typedef {import('./platform.js').WorkerFactory} WorkerFactory
 * @typedef {import('./platform.js').WorkerHandle} WorkerHandle
 */

/**
 * A waiting or running call.
 * @typedef {object} Job
 * @property {string} method
 * @property {unknown[]} parameters
 * @property {Pixels | null} image the open image that it is about; its worker, if any still holds it, runs the call
 * @property {(result: any) => void} resolve
 * @property {(error: SonomaskError) => void} reject
 */

/**
 * A worker whose network is being loaded.
 * @typedef {object} Starting
 * @property {(info: ModelInfo) => void} resolve
 * @property {(error: SonomaskError) => void} reject
 * @property {boolean} needed whether `ready` waits for it; then a cancelled call does not end the worker
 * @property {boolean} equipped whether module and weights were sent. A call that is sent behind them runs at once when they
 *     are loaded.
 */

/**
 * @typedef {object} Slot
 * @property {WorkerHandle} worker
 * @property {Job | null} job the running job, or null when idle
 * @property {Starting | null} starting null when the worker has its network
 * @property {Pixels | null} held the open image whose pixels and features the worker has
 * @property {ReturnType<typeof setTimeout> | undefined} idleTimer
 */

const IDLE_MILLISECONDS = 30_000;

/**
 * Copies the bytes of a view, so that the copy can be transferred, and so that a small view of a large buffer does not
 * send the whole buffer. Other values are returned as they are.
 * @param {unknown} value
 * @param {ArrayBuffer[]} transfer the copies' buffers are added
 * @returns {unknown}
 */
function detach(value, transfer) {
    if (value instanceof Uint8Array || value instanceof Uint8ClampedArray || value instanceof Float32Array) {
        // Not slice(), which Node's Buffer overrides with a view of the same memory.
        const Type = /** @type {Uint8ArrayConstructor} */ (
            value instanceof Float32Array ? Float32Array
                : value instanceof Uint8ClampedArray ? Uint8ClampedArray : Uint8Array);
        const copy = new Type(/** @type {Uint8Array} */ (value));
        transfer.push(copy.buffer);
        return copy;
    }
    if (typeof value !== 'object' || value === null || (typeof Blob === 'function' && value instanceof Blob))
        return value;
    if ('data' in value && 'width' in value && 'height' in value)
        return { data: detach(value.data, transfer), width: value.width, height: value.height };
    if ('probabilityMap' in value || 'image' in value)
        return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, detach(member, transfer)]));
    return value;
}

/**
 * In sandboxed frames and pages from disk, every worker has an origin of its own. WebKit then lets it read no file.
 * @param {unknown} value
 * @returns {Promise<unknown>} the bytes of a Blob; anything else as it is
 */
async function bytesOfFile(value) {
    return typeof Blob === 'function' && value instanceof Blob ? bytesOf(value) : value;
}

/**
 * @param {unknown} error
 * @returns {SonomaskError}
 */
function cannotStart(error) {
    return new SonomaskError('worker', `cannot start a worker: ${messageOf(error)}`, { cause: error });
}

export class SonomaskPool {
    /**
     * What the runtime offers. The entries (sonomask.js, ...) set it in their subclasses.
     * @type {import('./platform.js').Platform}
     */
    static platform;
    /** @type {Loading} */
    #loading;
    /** @type {WorkerFactory} */
    #createWorker;
    #idleMilliseconds;
    /** @type {Job[]} */
    #queue = [];
    /** @type {Set<Slot>} */
    #slots = new Set();
    /** Why no call is accepted any more: the pool was disposed of, or its network could not be loaded. @type {SonomaskError | null} */
    #ended = null;
    /** @type {ModelInfo} */
    info;
    /** @type {Promise<void>} */
    ready;
    /** @type {number} */
    size;

    /**
     * @param {PoolOptions} [options]
     * @returns {Promise<SonomaskPool>}
     */
    static async load(options = {}) {
        const pool = await this.start(options);
        await pool.ready;
        return pool;
    }

    /**
     * @param {PoolOptions} [options]
     * @returns {Promise<SonomaskPool>}
     */
    static async start(options = {}) {
        const { platform } = this;
        const { size = await platform.processorCount(), idleMilliseconds = IDLE_MILLISECONDS, signal } = checkedOptions(options);
        if (!Number.isInteger(size) || size < 1)
            throw new SonomaskError('argument', 'size must be a whole number of at least 1');
        if (!(idleMilliseconds >= 0))
            throw new SonomaskError('argument', 'idleMilliseconds must be a number of at least 0');
        const loading = startLoading(options, platform);
        const createWorker = await platform.workers(options.worker);
        throwIfAborted(signal);
        return new this(loading, createWorker, size, idleMilliseconds, signal);
    }

    /**
     * @param {Loading} loading
     * @param {WorkerFactory} createWorker
     * @param {number} size
     * @param {number} idleMilliseconds
     * @param {AbortSignal} [signal] ends the loading
     */
    constructor(loading, createWorker, size, idleMilliseconds, signal) {
        if (!createWorker) throw new SonomaskError('argument', 'make one with: await SonomaskPool.load()');
        this.#loading = loading;
        this.#createWorker = createWorker;
        this.#idleMilliseconds = idleMilliseconds;
        this.size = size;
        this.info = /** @type {ModelInfo} */ ({});
        this.ready = this.#check(signal);
        // Whoever calls the pool gets the same error.
        this.ready.catch(() => {});
    }

    /**
     * Starts the first worker while module and weights are still loading. It checks both.
     * @param {AbortSignal | undefined} signal
     * @returns {Promise<void>}
     */
    async #check(signal) {
        let stop = () => {};
        try {
            this.info = await new Promise((resolve, reject) => {
                stop = () => reject(abortedError(/** @type {AbortSignal} */ (signal)));
                signal?.addEventListener('abort', stop);
                this.#startWorker(null, { resolve, reject, needed: true, equipped: false });
            });
        } catch (error) {
            this.#end(/** @type {SonomaskError} */ (error));
            throw error;
        } finally {
            signal?.removeEventListener('abort', stop);
        }
    }

    get pending() {
        let running = 0;
        for (const slot of this.#slots) if (slot.job) running++;
        return this.#queue.length + running;
    }

    /**
     * @param {Job | null} job its first call
     * @param {Starting} starting
     */
    #startWorker(job, starting) {
        /** @type {Slot | undefined} */
        let slot;
        try {
            const worker = this.#createWorker({
                message: (message) => slot && this.#receive(slot, message),
                failure: (reason) => slot && this.#fail(slot, new SonomaskError('worker', `a worker failed: ${reason}`)),
            });
            slot = { worker, job, starting, held: null, idleTimer: undefined };
            this.#slots.add(slot);
            void this.#equip(slot, starting);
        } catch (error) {
            starting.reject(cannotStart(error));
            job?.reject(cannotStart(error));
        }
    }

    /**
     * Sends the module as soon as it is loaded, so that it starts while the weights are still loading, and then everything.
     * @param {Slot} slot
     * @param {Starting} starting
     */
    async #equip(slot, starting) {
        const { module, resources, backend } = this.#loading;
        let loaded;
        try {
            const compiled = await module;
            if (this.#slots.has(slot)) this.#post(slot, { prepare: { module: compiled, backend } });
            loaded = await resources;
        } catch (error) {
            this.#fail(slot, /** @type {SonomaskError} */ (error));
            return;
        }
        if (!this.#slots.has(slot)) return;
        this.#post(slot, { resources: loaded });
        starting.equipped = true;
        if (slot.job) this.#send(slot, slot.job);
    }

    /**
     * @param {Slot} slot a starting worker; it fails when the message cannot be sent
     * @param {object} message
     */
    #post(slot, message) {
        try {
            slot.worker.post(message, []);
        } catch (error) {
            this.#fail(slot, cannotStart(error));
        }
    }

    /**
     * @param {Slot} slot
     * @param {{ result?: any, error?: { code: import('./sonomask.js').ErrorCode, message: string } }} message
     */
    #receive(slot, message) {
        if (!this.#slots.has(slot)) return;
        const { job, starting } = slot;
        if (starting) {
            if (message.error) {
                this.#fail(slot, new SonomaskError(message.error.code, message.error.message));
                return;
            }
            slot.starting = null;
            starting.resolve(message.result);
            if (!job) this.#dispatch();
            return;
        }
        slot.job = null;
        if (message.error) {
            // After other failures the worker may have lost the image; it is sent again.
            if (job?.image && message.error.code !== 'argument') slot.held = null;
            job?.reject(new SonomaskError(message.error.code, message.error.message));
        } else {
            job?.resolve(message.result);
        }
        this.#dispatch();
    }

    /**
     * @param {Slot} slot
     * @param {SonomaskError} error
     */
    #fail(slot, error) {
        if (!this.#slots.has(slot)) return;
        if (slot.starting?.needed) {
            this.#end(error);
            return;
        }
        this.#remove(slot);
        slot.job?.reject(error);
        this.#dispatch();
    }

    /** @param {Slot} slot */
    #remove(slot) {
        this.#slots.delete(slot);
        clearTimeout(slot.idleTimer);
        slot.worker.terminate();
    }

    /**
     * @param {Slot} slot an idle worker; one that has neither module nor weights gets the call after them
     * @param {Job} job
     */
    #send(slot, job) {
        clearTimeout(slot.idleTimer);
        slot.job = job;
        if (slot.starting && !slot.starting.equipped) return;
        /** @type {ArrayBuffer[]} */
        const transfer = [];
        try {
            slot.worker.setBusy(true);
            const parameters = job.image
                ? [job.image === slot.held ? null : job.image, ...job.parameters]
                : job.parameters;
            const sent = parameters.map((parameter) => detach(parameter, transfer));
            slot.worker.post({ method: job.method, parameters: sent }, transfer);
            if (job.image) slot.held = job.image;
        } catch (error) {
            slot.job = null;
            job.reject(new SonomaskError('argument', `the input cannot be sent to a worker: ${messageOf(error)}`,
                { cause: error }));
        }
    }

    /**
     * Sends waiting calls to idle workers, starts workers up to `size`, and sets the timers of idle ones. Workers without an
     * open image come first, because another call replaces the features of the image.
     */
    #dispatch() {
        const slots = [...this.#slots].sort((a, b) => Number(a.held !== null) - Number(b.held !== null));
        for (const slot of slots) {
            while (!slot.job) {
                const job = this.#nextFor(slot);
                if (!job) break;
                this.#send(slot, job);
            }
            if (!slot.job && !slot.starting) this.#rest(slot);
        }
        while (this.#slots.size < this.size) {
            const job = this.#nextFor(null);
            if (!job) break;
            this.#startWorker(job, { resolve() {}, reject() {}, needed: false, equipped: false });
        }
    }

    /**
     * Takes the first waiting call that need not wait for another worker, which has its image.
     * @param {Slot | null} slot null: a new worker
     * @returns {Job | undefined}
     */
    #nextFor(slot) {
        const index = this.#queue.findIndex(({ image }) => {
            const holder = image && this.#holderOf(image);
            return !holder || holder === slot;
        });
        return index < 0 ? undefined : this.#queue.splice(index, 1)[0];
    }

    /**
     * @param {Pixels} image
     * @returns {Slot | undefined} the worker that has the image or is about to get it
     */
    #holderOf(image) {
        for (const slot of this.#slots) if (slot.held === image || slot.job?.image === image) return slot;
        return undefined;
    }

    /** @param {Slot} slot */
    #rest(slot) {
        slot.worker.setBusy(false);
        clearTimeout(slot.idleTimer);
        if (this.#idleMilliseconds === Infinity) return;
        slot.idleTimer = setTimeout(() => this.#remove(slot), this.#idleMilliseconds);
        // In Node a timer is an object, and would keep the process alive.
        if (typeof slot.idleTimer === 'object') /** @type {NodeJS.Timeout} */ (slot.idleTimer).unref();
    }

    /**
     * @param {string} method
     * @param {unknown[]} inputs
     * @param {{ signal?: AbortSignal, regions?: SegmentOptions['regions'] }} options all but the signal are sent to the
     *     worker after the inputs
     * @param {Pixels | null} [image] an open image
     * @returns {Promise<any>}
     */
    async #call(method, inputs, options, image = null) {
        const { signal, ...rest } = checkedOptions(options);
        if (rest.regions !== undefined) rest.regions = checkedRegions(rest.regions);
        const readable = globalThis.origin === 'null' ? await Promise.all(inputs.map(bytesOfFile)) : inputs;
        const parameters = [...readable, rest];
        throwIfAborted(signal);
        if (this.#ended) throw this.#ended;
        let stop = () => {};
        try {
            return await new Promise((resolve, reject) => {
                /** @type {Job} */
                const job = { method, parameters, image, resolve, reject };
                stop = () => this.#cancel(job, abortedError(/** @type {AbortSignal} */ (signal)));
                signal?.addEventListener('abort', stop);
                this.#queue.push(job);
                this.#dispatch();
            });
        } finally {
            signal?.removeEventListener('abort', stop);
        }
    }

    /**
     * @param {Job} job
     * @param {SonomaskError} error
     */
    #cancel(job, error) {
        const index = this.#queue.indexOf(job);
        if (index >= 0) {
            this.#queue.splice(index, 1);
            job.reject(error);
            return;
        }
        // A call that computes cannot be interrupted, but its worker can be ended, unless the pool is loaded by it.
        for (const slot of this.#slots) {
            if (slot.job !== job) continue;
            if (!slot.starting?.needed) {
                this.#fail(slot, error);
                continue;
            }
            slot.job = slot.starting.equipped ? { ...job, resolve() {}, reject() {} } : null;
            job.reject(error);
            this.#dispatch();
        }
    }

    /**
     * @param {EncodedImage | RawImage} input
     * @param {SegmentOptions} [options]
     * @returns {Promise<Segmentation>}
     */
    segment(input, options = {}) {
        return this.#call('segment', [input], options);
    }

    /**
     * @param {EncodedImage | RawImage} input
     * @param {OpenOptions} [options]
     * @returns {Promise<OpenImage>}
     */
    async open(input, options = {}) {
        await this.ready;
        requireNetwork(this.info, false);
        /** @type {Pixels} */
        const pixels = await this.#call('pixels', [input], options);
        return new OpenImage(pixels, {
            info: this.info,
            segment: (settings) => this.#call('segmentOpen', [], settings, pixels),
            refine: async (prompts, settings) => {
                flatPrompts(prompts, pixels); // wrong types fail here, not in a worker
                return this.#call('refineOpen', [copyOf(prompts)], settings, pixels);
            },
            close: () => this.#closeImage(pixels),
        });
    }

    /** @param {Pixels} image */
    #closeImage(image) {
        for (const job of this.#queue.filter((waiting) => waiting.image === image))
            this.#cancel(job, new SonomaskError('closed', 'this image has been closed'));
        for (const slot of this.#slots) {
            if (slot.held !== image) continue;
            slot.held = null;
            slot.worker.post({ close: true }, []);
        }
    }

    /**
     * @param {Float32Array | Uint8Array | Uint8ClampedArray} map
     * @param {number} width
     * @param {number} height
     * @param {PoolMeasureOptions} [options]
     * @returns {Promise<Measurement>}
     */
    measure(map, width, height, options = {}) {
        return this.#call('measure', [map, width, height], options);
    }

    /**
     * @param {Uint8Array | Uint8ClampedArray} mask
     * @param {number} width
     * @param {number} height
     * @param {{ signal?: AbortSignal }} [options]
     * @returns {Promise<Contour[]>}
     */
    contours(mask, width, height, options = {}) {
        return this.#call('contours', [mask, width, height], options);
    }

    /**
     * @param {Uint8Array | Uint8ClampedArray} data
     * @param {number} width
     * @param {number} height
     * @param {{ signal?: AbortSignal }} [options]
     * @returns {Promise<Uint8Array<ArrayBuffer>>}
     */
    encodePng(data, width, height, options = {}) {
        return this.#call('encodePng', [data, width, height], options);
    }

    /**
     * @param {EncodedImage} input
     * @param {{ signal?: AbortSignal }} [options]
     * @returns {Promise<DecodedImage>}
     */
    decode(input, options = {}) {
        return this.#call('decode', [input], options);
    }

    dispose() {
        this.#end(new SonomaskError('disposed', 'this SonomaskPool has been disposed of'));
    }

    /** @param {SonomaskError} error of all calls that wait or run, and of all later ones */
    #end(error) {
        this.#ended ??= error;
        for (const job of this.#queue.splice(0)) job.reject(error);
        for (const slot of this.#slots) {
            this.#remove(slot);
            slot.starting?.reject(error);
            slot.job?.reject(error);
        }
    }
}
