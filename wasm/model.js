/** One network on the calling thread. Replaces the module's instance after a trap or when its memory grew too large. */
import { answerSettings, bytesOf, checkedOptions, isBytes, isRawImage, regionSettings, share, valuesPerPixel } from './check.js';
import { Core } from './core.js';
import { SonomaskError, messageOf, throwIfAborted } from './error.js';
import { OpenImage, requireNetwork } from './image.js';
import { flatPrompts } from './prompts.js';
import { loadModule, loadWeights } from './resources.js';

/**
 * @typedef {import('./image.js').Pixels} Pixels
 * @typedef {import('./platform.js').Platform} Platform
 * @typedef {import('./sonomask.js').Backend} Backend
 * @typedef {import('./sonomask.js').Contour} Contour
 * @typedef {import('./sonomask.js').DecodedImage} DecodedImage
 * @typedef {import('./sonomask.js').EncodedImage} EncodedImage
 * @typedef {import('./sonomask.js').LoadOptions} LoadOptions
 * @typedef {import('./sonomask.js').Measurement} Measurement
 * @typedef {import('./sonomask.js').MeasureOptions} MeasureOptions
 * @typedef {import('./sonomask.js').ModelInfo} ModelInfo
 * @typedef {import('./sonomask.js').OpenOptions} OpenOptions
 * @typedef {import('./sonomask.js').Prompts} Prompts
 * @typedef {import('./sonomask.js').RawImage} RawImage
 * @typedef {import('./sonomask.js').RefineOptions} RefineOptions
 * @typedef {import('./sonomask.js').SegmentOptions} SegmentOptions
 * @typedef {import('./sonomask.js').Segmentation} Segmentation
 */

/**
 * Everything that an instance is made from, loaded once; the pool sends it to its workers.
 * @typedef {object} Resources
 * @property {WebAssembly.Module} module
 * @property {Uint8Array | null} weights
 * @property {string} weightsName for messages
 * @property {Backend} backend
 * @property {number} inputSize 0: that of the weights
 */

/**
 * What is being loaded. `resources` includes the module, which usually comes first.
 * @typedef {object} Loading
 * @property {Promise<WebAssembly.Module>} module
 * @property {Promise<Resources>} resources
 * @property {Backend | null} backend null: without weights, no network is run
 */

/**
 * @param {LoadOptions} options
 * @param {Platform} platform
 * @returns {Loading}
 */
export function startLoading(options, platform) {
    const { wasm = platform.wasm(), weights = platform.weights(), signal, backend = 'auto', inputSize = 0 } = checkedOptions(options);
    if (!Number.isInteger(inputSize) || inputSize < 0)
        throw new SonomaskError('argument', 'inputSize must be a multiple of 32 from 32 to 1024');
    const module = Promise.resolve(wasm).then((source) => loadModule(source, platform, signal));
    const file = Promise.resolve(weights).then(async (source) =>
        (source === null ? { bytes: null, name: '' } : loadWeights(source, platform, signal)));
    const resources = Promise.all([module, file]).then(([loaded, { bytes, name }]) =>
        ({ module: loaded, weights: bytes, weightsName: name, backend, inputSize }));
    // Both are awaited later; until then a failure is not an unhandled rejection.
    for (const loading of [module, resources]) loading.catch(() => {});
    return { module, resources, backend: weights === null ? null : backend };
}

/**
 * Starts the module while the weights are still loading.
 * @param {WebAssembly.Module} module
 * @param {Backend | null} backend null: no network will be run
 * @returns {Core}
 */
export function prepare(module, backend) {
    const core = new Core(module);
    if (backend) core.warmUp(backend);
    return core;
}

/**
 * @param {Resources} resources
 * @param {Core} core
 * @returns {Core}
 */
function start(resources, core) {
    if (resources.weights) {
        try {
            core.run(() => core.load(/** @type {Uint8Array} */ (resources.weights), resources.backend,
                resources.inputSize));
        } catch (error) {
            if (error instanceof SonomaskError && error.code === 'weights')
                throw new SonomaskError('weights', `the weights from ${resources.weightsName}: ${error.message}`,
                    { cause: error });
            throw error;
        }
    }
    return core;
}

/**
 * @param {Core} core
 * @param {Resources} resources
 * @returns {ModelInfo}
 */
function describe(core, resources) {
    const { version, fastest } = core.constants;
    const backend = resources.backend === 'auto' ? fastest : resources.backend;
    const { numbers, ...others } = resources.weights
        ? core.describe()
        : { numbers: {}, operatingPoints: [], network: '', trainingData: '', date: '' };
    const { inputSize = 0, threshold = 0.5, temperature = 1, minimumArea = 0, knowsOutliers = 0,
        expectedDicePower = 1, takesPrompts = 0, hasDecision = 0 } =
        /** @type {Record<string, number>} */ (numbers);
    return Object.freeze({ version, backend, ...others, inputSize, threshold, temperature, minimumArea,
        knowsOutliers: knowsOutliers !== 0, expectedDicePower, takesPrompts: takesPrompts !== 0,
        hasDecision: hasDecision !== 0 });
}

/**
 * Copies pixels of the caller into the module's image.
 * @param {Core} core
 * @param {RawImage} image
 */
function setPixels(core, { data, width, height }) {
    if (!isBytes(data)) throw new SonomaskError('argument', 'data must be a Uint8Array or a Uint8ClampedArray');
    core.setImage(data, width, height, valuesPerPixel(data, width, height, [1, 3, 4]));
}

export class Sonomask {
    /**
     * What the runtime offers to `load`. The entries (sonomask.js, ...) set it in their subclasses; a worker loads nothing.
     * @type {Platform}
     */
    static platform;
    /** @type {Core | null} null after a trap and after the memory was freed, until the next call */
    #core;
    /** @type {Resources | null} null after dispose */
    #resources;
    /** @type {ModelInfo} */
    info;
    /** The pixels of the open image whose features the instance holds, and which `refine` can use. @type {Pixels | null} */
    #held = null;
    /** The regions of the open image whose features the instance holds, as text. */
    #heldRegions = '';

    /**
     * @param {LoadOptions} [options]
     * @returns {Promise<Sonomask>}
     */
    static async load(options = {}) {
        const { module, resources, backend } = startLoading(options, this.platform);
        const core = prepare(await module, backend);
        return new this(await resources, core);
    }

    /**
     * For `load` and the workers of the pool.
     * @param {Resources} resources
     * @param {Core} core see `prepare`
     */
    constructor(resources, core) {
        if (!resources?.module) throw new SonomaskError('argument', 'make one with: await Sonomask.load()');
        this.#resources = resources;
        this.#core = start(resources, core);
        this.info = describe(this.#core, resources);
    }

    get memoryBytes() {
        return this.#core?.memoryBytes ?? 0;
    }

    /**
     * Runs `work` with the instance, and starts a new one when there is none.
     * @template T
     * @param {(core: Core) => T} work
     * @returns {T}
     */
    #run(work) {
        if (!this.#resources) throw new SonomaskError('disposed', 'this Sonomask has been disposed of');
        const core = this.#core ?? start(this.#resources, new Core(this.#resources.module));
        this.#core = core;
        try {
            return core.run(() => work(core));
        } catch (error) {
            if (error instanceof SonomaskError) throw error;
            this.#drop();
            throw new SonomaskError('internal', `the WebAssembly module failed: ${messageOf(error)}`, { cause: error });
        } finally {
            // The features of an open image are kept until it is closed, also in an instance with much memory.
            if (core.isBloated && !this.#held) this.#drop();
        }
    }

    /** Forgets the instance; the next call starts another one. */
    #drop() {
        this.#core = null;
        this.#held = null;
    }

    /**
     * @param {EncodedImage | RawImage} input
     * @param {SegmentOptions} [options]
     * @returns {Promise<Segmentation>}
     */
    async segment(input, options = {}) {
        const { signal, flipAverage = false } = checkedOptions(options);
        throwIfAborted(signal);
        if (this.#resources) requireNetwork(this.info, false);
        const settings = answerSettings(options);
        const raw = isRawImage(input);
        const bytes = raw ? input.data : await bytesOf(input);
        throwIfAborted(signal);
        const started = performance.now();
        const result = this.#run((core) => {
            if (raw) setPixels(core, input);
            else core.decode(/** @type {Uint8Array} */ (bytes), false);
            this.#held = null;
            return core.segment(settings, flipAverage);
        });
        const milliseconds = performance.now() - started;
        throwIfAborted(signal);
        return { ...result, milliseconds };
    }

    /**
     * @param {EncodedImage | RawImage} input
     * @param {OpenOptions} [options]
     * @returns {Promise<OpenImage>}
     */
    async open(input, options = {}) {
        const { signal } = checkedOptions(options);
        throwIfAborted(signal);
        if (this.#resources) requireNetwork(this.info, false);
        const pixels = await this.pixelsOf(input);
        throwIfAborted(signal);
        return new OpenImage(pixels, {
            info: this.info,
            segment: (settings) => this.#segmentOpen(pixels, settings),
            refine: (prompts, settings) => this.#refineOpen(pixels, prompts, settings),
            close: () => {
                if (this.#held === pixels) this.#held = null;
                if (this.#core?.isBloated && !this.#held) this.#drop();
            },
        });
    }

    /**
     * The decoded pixels of an image, as a copy. For `open` and the workers of the pool.
     * @param {EncodedImage | RawImage} input
     * @returns {Promise<Pixels>}
     */
    async pixelsOf(input) {
        const bytes = isRawImage(input) ? null : await bytesOf(input);
        return this.#run((core) => {
            if (bytes) core.decode(bytes, false);
            else setPixels(core, /** @type {RawImage} */ (input));
            const { data, width, height } = core.image();
            return { data, width, height };
        });
    }

    /**
     * @param {Pixels} pixels
     * @param {SegmentOptions} options
     * @returns {Promise<Segmentation>}
     */
    async #segmentOpen(pixels, options) {
        const { signal, flipAverage = false } = options;
        const settings = answerSettings(options);
        return this.#timed(signal, (core) => this.#segmentHeld(core, pixels, settings, flipAverage));
    }

    /**
     * @param {Pixels} pixels
     * @param {Prompts} prompts
     * @param {RefineOptions} options
     * @returns {Promise<Segmentation>}
     */
    async #refineOpen(pixels, prompts, options) {
        const settings = answerSettings(options);
        const flat = flatPrompts(prompts, pixels);
        return this.#timed(options.signal, (core) => {
            if (this.#held !== pixels || this.#heldRegions !== String(settings.regions))
                this.#segmentHeld(core, pixels, settings, false);
            else setPixels(core, pixels);
            return core.refine(flat, settings);
        });
    }

    /**
     * Segments an open image; its features stay in the instance, its pixels until the end of the call.
     * @param {Core} core
     * @param {Pixels} pixels
     * @param {import('./core.js').AnswerSettings} settings
     * @param {boolean} flipAverage
     */
    #segmentHeld(core, pixels, settings, flipAverage) {
        this.#held = null;
        setPixels(core, pixels);
        const result = core.segment(settings, flipAverage);
        // Refined without any prompt, features of this kind would give the averaged answer.
        this.#held = flipAverage ? null : pixels;
        this.#heldRegions = String(settings.regions);
        return result;
    }

    /**
     * @param {AbortSignal | undefined} signal
     * @param {(core: Core) => Omit<Segmentation, 'milliseconds'>} work
     * @returns {Segmentation}
     */
    #timed(signal, work) {
        throwIfAborted(signal);
        const started = performance.now();
        const result = this.#run(work);
        return { ...result, milliseconds: performance.now() - started };
    }

    /**
     * @param {Float32Array | Uint8Array | Uint8ClampedArray} map
     * @param {number} width
     * @param {number} height
     * @param {MeasureOptions} [options]
     * @returns {Measurement}
     */
    measure(map, width, height, options = {}) {
        const isMap = map instanceof Float32Array;
        if (!isMap && !isBytes(map))
            throw new SonomaskError('argument', 'expected a Float32Array (probability map) or a Uint8Array (mask)');
        valuesPerPixel(map, width, height, [1]);
        const { probabilityMap, image, regions } = checkedOptions(options);
        if (probabilityMap !== undefined) {
            if (isMap || !(probabilityMap instanceof Float32Array))
                throw new SonomaskError('argument', 'probabilityMap must be a Float32Array, and is for masks only');
            valuesPerPixel(probabilityMap, width, height, [1]);
        }
        const threshold = share(options.threshold, this.info.threshold, 'threshold');
        const minimumArea = share(options.minimumArea, isMap ? this.info.minimumArea : 0, 'minimumArea');
        const places = image ? regionSettings(regions ?? 'whole') : null;
        if (image && (!isRawImage(image) || image.width !== width || image.height !== height))
            throw new SonomaskError('argument', `image must be { data, width: ${width}, height: ${height} }`);
        return this.#run((core) => {
            if (image) setPixels(core, image);
            return core.measure(isMap ? map : probabilityMap, isMap ? undefined : map, width, height, threshold, minimumArea,
                typeof places === 'string' ? new Int32Array() : places);
        });
    }

    /**
     * @param {Uint8Array | Uint8ClampedArray} mask
     * @param {number} width
     * @param {number} height
     * @returns {Contour[]}
     */
    contours(mask, width, height) {
        if (!isBytes(mask)) throw new SonomaskError('argument', 'the mask must be a Uint8Array');
        valuesPerPixel(mask, width, height, [1]);
        return this.#run((core) => core.contours(mask, width, height));
    }

    /**
     * @param {Uint8Array | Uint8ClampedArray} data
     * @param {number} width
     * @param {number} height
     * @returns {Uint8Array<ArrayBuffer>}
     */
    encodePng(data, width, height) {
        if (!isBytes(data)) throw new SonomaskError('argument', 'data must be a Uint8Array or a Uint8ClampedArray');
        const channels = valuesPerPixel(data, width, height, [1, 3, 4]);
        return this.#run((core) => {
            core.setImage(data, width, height, channels);
            return core.encodePng();
        });
    }

    /**
     * @param {EncodedImage} input
     * @returns {Promise<DecodedImage>}
     */
    async decode(input) {
        const bytes = await bytesOf(input);
        return this.#run((core) => {
            core.decode(bytes, true);
            return /** @type {DecodedImage} */ (core.image());
        });
    }

    dispose() {
        this.#drop();
        this.#resources = null;
    }
}
