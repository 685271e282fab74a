/**
 * One instance of the WebAssembly module: the functions of exports*.c with JavaScript's types. Views of the memory are made
 * at each use, because every call may grow the memory, which detaches older views.
 */
import { SonomaskError, messageOf, policyHint } from './error.js';

/**
 * @typedef {import('./prompts.js').FlatPrompts} FlatPrompts
 * @typedef {import('./sonomask.js').Backend} Backend
 * @typedef {import('./sonomask.js').Contour} Contour
 * @typedef {import('./sonomask.js').Descriptors} Descriptors
 * @typedef {import('./sonomask.js').ErrorCode} ErrorCode
 * @typedef {import('./sonomask.js').Lesion} Lesion
 * @typedef {import('./sonomask.js').OperatingPoint} OperatingPoint
 * @typedef {import('./sonomask.js').Region} Region
 * @typedef {import('./sonomask.js').TissueClass} TissueClass
 */

/**
 * Constants of the module (sonomask_constants in exports.c).
 * @typedef {object} Constants
 * @property {string} version
 * @property {number} abi
 * @property {number} maximumPixels
 * @property {number} minimumSide
 * @property {TissueClass[]} classes
 * @property {Backend[]} backends
 * @property {'scalar' | 'simd128'} fastest
 * @property {string[]} resultFields
 * @property {string[]} modelFields
 * @property {string[]} lesionFields
 * @property {string[]} regionFields
 * @property {string[]} descriptorFields
 * @property {Record<'shape' | 'margin' | 'echo' | 'posterior', string[]>} words by the values of the descriptors
 */

/**
 * The exports of the module. Pointers and sizes are numbers; functions that can fail return a status.
 * @typedef {object} Exports
 * @property {WebAssembly.Memory} memory
 * @property {(() => void) | undefined} _initialize
 * @property {() => number} sonomask_constants
 * @property {() => number} sonomask_error_message
 * @property {(status: number) => number} sonomask_status_name
 * @property {(size: number) => number} sonomask_input
 * @property {() => void} sonomask_release
 * @property {(backend: number) => void} sonomask_warm_up
 * @property {(backend: number, inputSize: number) => number} sonomask_load
 * @property {() => number} sonomask_model
 * @property {() => number} sonomask_model_network
 * @property {() => number} sonomask_model_training_data
 * @property {() => number} sonomask_model_date
 * @property {(display: number) => number} sonomask_decode
 * @property {(width: number, height: number, channels: number) => number} sonomask_set_image
 * @property {() => number} sonomask_image_width
 * @property {() => number} sonomask_image_height
 * @property {() => number} sonomask_image_channels
 * @property {() => number} sonomask_image_pixels
 * @property {(threshold: number, minimumArea: number, operatingPoint: number, flipAverage: number, findRegions: number,
 *             regionCount: number) => number} sonomask_segment
 * @property {(threshold: number, minimumArea: number, operatingPoint: number, clickCount: number,
 *             hasBox: number) => number} sonomask_refine
 * @property {(width: number, height: number, hasMap: number, hasMask: number, threshold: number,
 *             minimumArea: number, regionCount: number) => number} sonomask_measure
 * @property {() => number} sonomask_result
 * @property {(index: number) => number} sonomask_lesion
 * @property {(index: number) => number} sonomask_possible
 * @property {(index: number) => number} sonomask_region
 * @property {(possible: number, index: number) => number} sonomask_describe
 * @property {() => number} sonomask_descriptors
 * @property {() => number} sonomask_result_mask
 * @property {() => number} sonomask_result_possible_mask
 * @property {() => number} sonomask_result_map
 * @property {() => number} sonomask_run
 * @property {() => number} sonomask_output
 * @property {() => number} sonomask_output_size
 * @property {(width: number, height: number) => number} sonomask_contours
 * @property {() => number} sonomask_encode_png
 */

/** The version of the interface in exports.c that this file needs. */
const ABI = 7;

/** By bit: sm_warning of src/sonomask.h. @type {import('./sonomask.js').Warning[]} */
const WARNINGS = ['tinted', 'overlay', 'photograph', 'no-scan', 'views', 'small-scan'];

/** Wasm memory cannot shrink: above this size a new instance replaces the old one. */
const MEMORY_KEPT_BYTES = 256 * 1024 * 1024;

/** The largest memory of the module; larger sizes would overflow its 32-bit parameters. */
const MEMORY_MAXIMUM_BYTES = 2 ** 31;

/**
 * @param {Record<string, number>} record
 * @returns {Lesion}
 */
function lesionOf(record) {
    const { area, left, top, width, height, centroidX, centroidY, longAxis, longX0, longY0, longX1, longY1, shortAxis,
        shortX0, shortY0, shortX1, shortY1, perimeter, circularity, orientation, meanProbability,
        expectedDice, presence, margin, region } =
        /** @type {Record<string, number>} */ (record);
    return /** @type {Lesion} */ ({
        area,
        bbox: { x: left, y: top, width, height },
        centroid: { x: centroidX, y: centroidY },
        longAxis,
        longAxisEnds: [{ x: longX0, y: longY0 }, { x: longX1, y: longY1 }],
        shortAxis,
        shortAxisEnds: [{ x: shortX0, y: shortY0 }, { x: shortX1, y: shortY1 }],
        perimeter,
        circularity,
        orientation,
        meanProbability,
        expectedDice,
        presence,
        margin,
        region,
        descriptors: null,
    });
}

/**
 * @param {Record<string, number>} record
 * @param {Constants['words']} words
 * @returns {Descriptors}
 */
function descriptorsOf(record, words) {
    const { shape = 0, parallel, margin = 0, echo = 0, posterior = 0, halo, echoRatio, echoSpread, posteriorRatio, haloRatio,
        ...numbers } = record;
    return /** @type {Descriptors} */ ({
        shape: words.shape[shape],
        orientation: parallel ? 'parallel' : 'not parallel',
        margin: margin ? 'not circumscribed' : 'circumscribed',
        marginSigns: words.margin.filter((_, bit) => (margin >> bit) & 1),
        echo: words.echo[echo],
        posterior: words.posterior[posterior],
        halo: halo !== 0,
        ...numbers,
        echoRatio: echo ? echoRatio : null,
        echoSpread: echo ? echoSpread : null,
        posteriorRatio: posterior ? posteriorRatio : null,
        haloRatio: haloRatio || null,
    });
}

/**
 * @param {number} kept
 * @param {number} presence
 * @param {number} missed
 * @returns {OperatingPoint}
 */
function operatingPointOf(kept, presence, missed) {
    // The module's floats of 4 bytes: 0.95 would otherwise arrive as 0.949999988.
    return { kept: Number(kept.toPrecision(6)), presence, missedBound: missed };
}

/**
 * How an answer is made from the network's output.
 * @typedef {object} AnswerSettings
 * @property {number} threshold -1: the model's own
 * @property {number} minimumArea -1: the model's own
 * @property {number} operatingPoint 0: the default
 * @property {Regions} regions
 * @property {boolean} map whether the probability map is copied out
 */

/**
 * Where the ultrasound pictures are: to be found, the whole image, or x, y, width and height of each.
 * @typedef {'auto' | 'whole' | Int32Array} Regions
 */

export class Core {
    /** @type {Exports} */
    #exports;
    /** @type {Constants} */
    constants;

    /**
     * @param {WebAssembly.Module} module
     */
    constructor(module) {
        let instance;
        try {
            instance = new WebAssembly.Instance(module, { env: { emscripten_notify_memory_growth() {} } });
        } catch (error) {
            const message = messageOf(error);
            throw new SonomaskError('load-wasm', `the WebAssembly module does not start: ${message}${policyHint(message)}`,
                { cause: error });
        }
        this.#exports = /** @type {Exports} */ (/** @type {unknown} */ (instance.exports));
        if (typeof this.#exports.sonomask_constants !== 'function')
            throw new SonomaskError('load-wasm', 'the WebAssembly module is not the module of sonomask: functions are missing');
        this.#exports._initialize?.();
        this.constants = /** @type {Constants} */ (JSON.parse(this.#text(this.#exports.sonomask_constants())));
        if (this.constants.abi !== ABI)
            throw new SonomaskError('load-wasm', 'the WebAssembly module is of another version than this library ' +
                `(${this.constants.abi} instead of ${ABI})`);
    }

    get memoryBytes() {
        return this.#exports.memory.buffer.byteLength;
    }

    /** Whether the memory grew so much that a new instance should replace this one. */
    get isBloated() {
        return this.memoryBytes > MEMORY_KEPT_BYTES;
    }

    /**
     * @param {number} pointer
     * @returns {string}
     */
    #text(pointer) {
        const bytes = new Uint8Array(this.#exports.memory.buffer, pointer);
        return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
    }

    /**
     * @param {number} pointer
     * @param {string[]} fields
     * @returns {Record<string, number>}
     */
    #record(pointer, fields) {
        const values = new Float64Array(this.#exports.memory.buffer, pointer, fields.length);
        return Object.fromEntries(fields.map((field, index) => [field, /** @type {number} */ (values[index])]));
    }

    /**
     * @param {number} pointer
     * @param {number} count
     */
    #copy(pointer, count) {
        return new Uint8Array(this.#exports.memory.buffer, pointer, count).slice();
    }

    /** @param {number} status */
    #check(status) {
        if (status === 0) return;
        const code = /** @type {ErrorCode} */ (this.#text(this.#exports.sonomask_status_name(status)));
        const message = this.#text(this.#exports.sonomask_error_message());
        throw new SonomaskError(code, message);
    }

    /**
     * Runs `work` and releases its memory in the module, also when it fails.
     * @template T
     * @param {() => T} work
     * @returns {T}
     */
    run(work) {
        let result;
        try {
            result = work();
        } catch (error) {
            // After a trap the state of the instance is undefined, so nothing in it is called again.
            if (error instanceof SonomaskError) this.#exports.sonomask_release();
            throw error;
        }
        this.#exports.sonomask_release();
        return result;
    }

    /**
     * Fills the module's input buffer with the given parts, one after the other.
     * @param {(Uint8Array | Uint8ClampedArray)[]} parts
     */
    #fill(...parts) {
        const size = parts.reduce((sum, part) => sum + part.byteLength, 0);
        const pointer = size < MEMORY_MAXIMUM_BYTES ? this.#exports.sonomask_input(size) : 0;
        if (pointer === 0 && size > 0)
            throw new SonomaskError('memory', `no memory for an input of ${size} bytes`);
        let offset = pointer;
        for (const part of parts) {
            new Uint8Array(this.#exports.memory.buffer, offset, part.byteLength).set(part);
            offset += part.byteLength;
        }
    }

    /**
     * Runs the kernels once, so that the engine optimises their code. Before `load`, whose memory it uses.
     * @param {Backend} backend
     */
    warmUp(backend) {
        this.#exports.sonomask_warm_up(this.constants.backends.indexOf(backend));
    }

    /**
     * Loads the model.
     * @param {Uint8Array} weights
     * @param {Backend} backend
     * @param {number} inputSize 0: that of the weights
     */
    load(weights, backend, inputSize) {
        const index = this.constants.backends.indexOf(backend);
        if (index < 0)
            throw new SonomaskError('argument',
                `no backend "${backend}" (there are ${this.constants.backends.join(', ')})`);
        this.#fill(weights);
        this.#check(this.#exports.sonomask_load(index, inputSize));
    }

    /** Numbers and texts of the loaded model. */
    describe() {
        const numbers = this.#record(this.#exports.sonomask_model(), this.constants.modelFields);
        const { kept0 = 0, presence0 = 0, missed0 = 0, kept1 = 0, presence1 = 0, missed1 = 0, kept2 = 0, presence2 = 0,
            missed2 = 0, hasDecision } = numbers;
        const operatingPoints = [
            operatingPointOf(kept0, presence0, missed0),
            operatingPointOf(kept1, presence1, missed1),
            operatingPointOf(kept2, presence2, missed2),
        ];
        return {
            numbers,
            operatingPoints: hasDecision ? operatingPoints : [],
            network: this.#text(this.#exports.sonomask_model_network()),
            trainingData: this.#text(this.#exports.sonomask_model_training_data()),
            date: this.#text(this.#exports.sonomask_model_date()),
        };
    }

    /**
     * Decodes a file into the module's image.
     * @param {Uint8Array} bytes
     * @param {boolean} display as grey or RGBA
     */
    decode(bytes, display) {
        this.#fill(bytes);
        this.#check(this.#exports.sonomask_decode(display ? 1 : 0));
    }

    /**
     * Copies pixels into the module's image.
     * @param {Uint8Array | Uint8ClampedArray} data
     * @param {number} width
     * @param {number} height
     * @param {number} channels
     */
    setImage(data, width, height, channels) {
        this.#fill(data);
        this.#check(this.#exports.sonomask_set_image(width, height, channels));
    }

    /** The image, copied out. */
    image() {
        const exports = this.#exports;
        const width = exports.sonomask_image_width();
        const height = exports.sonomask_image_height();
        const channels = exports.sonomask_image_channels();
        const data = this.#copy(exports.sonomask_image_pixels(), width * height * channels);
        return { data: new Uint8ClampedArray(data.buffer), width, height, channels };
    }

    /**
     * Segments the image, which stays.
     * @param {AnswerSettings} settings
     * @param {boolean} flipAverage
     */
    segment({ threshold, minimumArea, operatingPoint, regions, map }, flipAverage) {
        const given = typeof regions === 'string' ? new Int32Array() : regions;
        this.#fill(new Uint8Array(given.buffer, given.byteOffset, given.byteLength));
        this.#check(this.#exports.sonomask_segment(threshold, minimumArea, operatingPoint, flipAverage ? 1 : 0,
            regions === 'auto' ? 1 : 0, given.length / 4));
        return this.#segmentation(map);
    }

    /**
     * Answers again for the image of the last `segment`, which must be set, with clicks and a box.
     * @param {FlatPrompts} prompts
     * @param {AnswerSettings} settings
     */
    refine({ values, clickCount, hasBox }, { threshold, minimumArea, operatingPoint, map }) {
        this.#fill(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
        this.#check(this.#exports.sonomask_refine(threshold, minimumArea, operatingPoint, clickCount, hasBox ? 1 : 0));
        return this.#segmentation(map);
    }

    /**
     * The last result of `segment` or `refine`, copied out; the outlines are described from the image.
     * @param {boolean} map with the probability map
     */
    #segmentation(map) {
        const exports = this.#exports;
        const record = this.#record(exports.sonomask_result(), this.constants.resultFields);
        const { width = 0, height = 0, type = 0, normal = 0, benign = 0, malignant = 0, expectedDice = 0,
            outlierScore = 0, looksLikeUltrasound = 1, refined = 0, presence = 0, pointKept = 0, pointPresence = 0,
            pointMissed = 0, possible = 0, regions = 0, warnings = 0, overlayShare = 0 } = record;
        const count = width * height;
        const possibleMask = exports.sonomask_result_possible_mask();
        return {
            width,
            height,
            type: /** @type {TissueClass} */ (this.constants.classes[type]),
            probabilities: { normal, benign, malignant },
            probabilityMap: new Float32Array(this.#copy(exports.sonomask_result_map(), map ? count * 4 : 0).buffer),
            expectedDice,
            outlierScore,
            looksLikeUltrasound: looksLikeUltrasound !== 0,
            refined: refined !== 0,
            presence,
            operatingPoint: pointKept > 0 ? operatingPointOf(pointKept, pointPresence, pointMissed) : null,
            possible: this.#lesions(possible, true, true),
            possibleMask: possibleMask === 0 ? null : this.#copy(possibleMask, count),
            regions: Array.from({ length: regions }, (_, index) => this.#region(index)),
            warnings: WARNINGS.filter((_, bit) => (warnings >> bit) & 1),
            overlayShare,
            ...this.#measurement(count, true),
        };
    }

    /**
     * @param {number} index
     * @returns {Region}
     */
    #region(index) {
        const { x = 0, y = 0, width = 0, height = 0, type = 0, normal = 0, benign = 0, malignant = 0, presence = 0,
            outlierScore = 0, looksLikeUltrasound = 1 } =
            this.#record(this.#exports.sonomask_region(index), this.constants.regionFields);
        return { x, y, width, height, type: /** @type {TissueClass} */ (this.constants.classes[type]),
            probabilities: { normal, benign, malignant }, presence, outlierScore,
            looksLikeUltrasound: looksLikeUltrasound !== 0 };
    }

    /**
     * @param {Float32Array | undefined} map
     * @param {Uint8Array | Uint8ClampedArray | undefined} mask
     * @param {number} width
     * @param {number} height
     * @param {number} threshold
     * @param {number} minimumArea
     * @param {Int32Array | null} regions where the image, which is set, has its pictures; null: there is no image
     */
    measure(map, mask, width, height, threshold, minimumArea, regions) {
        const parts = [];
        if (regions) parts.push(new Uint8Array(regions.buffer, regions.byteOffset, regions.byteLength));
        if (map) parts.push(new Uint8Array(map.buffer, map.byteOffset, map.byteLength));
        if (mask) parts.push(mask);
        this.#fill(...parts);
        this.#check(this.#exports.sonomask_measure(width, height, map ? 1 : 0, mask ? 1 : 0, threshold, minimumArea,
            regions ? regions.length / 4 : 0));
        return this.#measurement(width * height, regions !== null);
    }

    /**
     * The mask and lesions of the last result, copied out.
     * @param {number} count pixels
     * @param {boolean} described
     */
    #measurement(count, described) {
        const { lesions = 0 } = this.#record(this.#exports.sonomask_result(), this.constants.resultFields);
        return {
            mask: this.#copy(this.#exports.sonomask_result_mask(), count),
            lesions: this.#lesions(lesions, false, described),
        };
    }

    /**
     * @param {number} count
     * @param {boolean} possible
     * @param {boolean} described from the image
     * @returns {Lesion[]}
     */
    #lesions(count, possible, described) {
        const { sonomask_lesion, sonomask_possible, sonomask_describe, sonomask_descriptors } = this.#exports;
        const { lesionFields, descriptorFields, words } = this.constants;
        return Array.from({ length: count }, (_, index) => {
            const lesion = lesionOf(this.#record((possible ? sonomask_possible : sonomask_lesion)(index), lesionFields));
            if (!described) return lesion;
            this.#check(sonomask_describe(Number(possible), index));
            return { ...lesion, descriptors: descriptorsOf(this.#record(sonomask_descriptors(), descriptorFields), words) };
        });
    }

    /** @returns {Uint8Array<ArrayBuffer>} */
    #output() {
        return this.#copy(this.#exports.sonomask_output(), this.#exports.sonomask_output_size());
    }

    /**
     * Runs the network alone on a prepared input.
     * @param {Float32Array} square inputSize x inputSize, grey, letterboxed, -1..1
     * @returns {{ mask: Float32Array, type: Float32Array }} probability of lesion, and of each class
     */
    runNetwork(square) {
        this.#fill(new Uint8Array(square.buffer, square.byteOffset, square.byteLength));
        this.#check(this.#exports.sonomask_run());
        const { buffer } = this.#output();
        return { mask: new Float32Array(buffer, 0, square.length), type: new Float32Array(buffer, 4 * square.length) };
    }

    /**
     * @param {Uint8Array | Uint8ClampedArray} mask
     * @param {number} width
     * @param {number} height
     * @returns {Contour[]}
     */
    contours(mask, width, height) {
        this.#fill(mask);
        this.#check(this.#exports.sonomask_contours(width, height));
        const { buffer } = this.#output();
        const integers = new Int32Array(buffer);
        const contours = [];
        let next = 1;
        for (let left = integers[0] ?? 0; left > 0; left--) {
            const [isHole = 0, points = 0] = integers.subarray(next, next + 2);
            next += 2;
            contours.push({ points: new Float32Array(buffer, 4 * next, 2 * points).slice(), isHole: isHole !== 0 });
            next += 2 * points;
        }
        return contours;
    }

    /** PNG file of the image. */
    encodePng() {
        this.#check(this.#exports.sonomask_encode_png());
        return this.#output();
    }
}
