/**
 * sonomask: find the lesion in a breast ultrasound image, name its type, outline and measure it.
 * Research software, not a medical device. Everything runs on this machine; nothing is uploaded.
 *
 * ```js
 * import { Sonomask } from 'sonomask';
 * const sm = await Sonomask.load();
 * const { type, probabilities, lesions, mask } = await sm.segment(await file.arrayBuffer());
 * sm.dispose();
 * ```
 *
 * The same files serve browsers, workers and Node (18 or later). All coordinates are in the input image's own pixels:
 * the top-left corner of the image is (0, 0), the centre of its first pixel (0.5, 0.5).
 */

/** Where a resource comes from: a URL, a URL or path as a string, or the bytes themselves. */
export type Source = URL | string | ArrayBuffer | Uint8Array;

/** Tissue classes. */
export type TissueClass = 'normal' | 'benign' | 'malignant';

/** Kernels: `reference` are plain loops for tests, `scalar` and `simd128` the fast ones without and with SIMD. */
export type Backend = 'auto' | 'reference' | 'scalar' | 'simd128';

/** Bytes of a PNG, JPEG or BMP file, recognised by content. A `File` is a `Blob`. */
export type EncodedImage = ArrayBuffer | Uint8Array | Blob;

/** Pixels, rows from the top: grey, RGB or RGBA by `data.length / (width * height)`. `ImageData` is one. */
export interface RawImage {
    data: Uint8Array | Uint8ClampedArray;
    width: number;
    height: number;
}

export interface DecodedImage {
    data: Uint8ClampedArray<ArrayBuffer>;
    width: number;
    height: number;
    /** 1: grey; 4: RGBA, the layout of `ImageData`. */
    channels: 1 | 4;
}

export interface Point {
    x: number;
    y: number;
}

/** One connected lesion, in pixels. */
export interface Lesion {
    area: number;
    bbox: { x: number; y: number; width: number; height: number };
    centroid: Point;
    /** Largest distance between two points of the outline. */
    longAxis: number;
    longAxisEnds: [Point, Point];
    /** Extent at right angles to the long axis. */
    shortAxis: number;
    shortAxisEnds: [Point, Point];
    perimeter: number;
    /** 4π area / perimeter², at most 1. */
    circularity: number;
    /** Angle of the long axis to the horizontal, radians, -π/2 .. π/2. */
    orientation: number;
    /** Mean of the probability map over the lesion; 0 when there is no map. */
    meanProbability: number;
    /**
     * Expected Dice score of this outline with an expert's, 0..1, estimated from the probability map in and around it;
     * 0 when there is no map.
     */
    expectedDice: number;
}

/** A mask with its measured lesions, largest first. */
export interface Measurement {
    /** [height][width], 0 or 255. */
    mask: Uint8Array<ArrayBuffer>;
    lesions: Lesion[];
}

export interface Segmentation extends Measurement {
    width: number;
    height: number;
    /** The most probable class. */
    type: TissueClass;
    /** Calibrated by the temperature of the weights; they add up to 1. */
    probabilities: Record<TissueClass, number>;
    /** [height][width], probability of lesion, 0..1. */
    probabilityMap: Float32Array<ArrayBuffer>;
    /**
     * Expected Dice score of the mask with the ground truth, 0..1; without any lesion, the probability that there is none.
     */
    expectedDice: number;
    /** Out-of-distribution score: above 1 the input is unlike the training images; 0 when the weights have no statistics. */
    outlierScore: number;
    /** `outlierScore` is at most 1. When false, the input is probably not breast ultrasound: do not rely on the answer. */
    looksLikeUltrasound: boolean;
    /** Time from the input to this answer, decoding included, without waiting in a queue. */
    milliseconds: number;
}

/** A closed outline along pixel corners. */
export interface Contour {
    /** x, y, x, y ...; the last point is joined to the first. */
    points: Float32Array<ArrayBuffer>;
    /** Holes run anticlockwise on the screen, outer outlines clockwise. */
    isHole: boolean;
}

/** Metadata of the weights file, and the kernels that run. */
export interface ModelInfo {
    /** Of this library. */
    version: string;
    /** The kernels that run. */
    backend: Exclude<Backend, 'auto'>;
    /** "sonomask", "unet16" or "unet32". */
    network: string;
    /** Side of the network's square input, pixels. */
    inputSize: number;
    /** A pixel is lesion when its probability is at least this. */
    threshold: number;
    /** Type logits are divided by this before the softmax. */
    temperature: number;
    /** Lesions below this share of the image's area are dropped, 0..1. */
    minimumArea: number;
    /** The weights contain statistics of their training images, which `outlierScore` needs. */
    knowsOutliers: boolean;
    /**
     * The fitted exponent of the expected Dice of lesions; 1 when none was fitted. `measure` applies it where the weights
     * are loaded. Raise the expected Dice to it when an instance without weights measured.
     */
    expectedDicePower: number;
    /** Free text; "" when unknown. */
    trainingData: string;
    /** ISO 8601; "" when unknown. */
    date: string;
}

export interface LoadOptions {
    /**
     * The module, also as a compiled one, or a promise of either. By default the package's own: with SIMD where the
     * engine has it.
     */
    wasm?: Source | WebAssembly.Module | Promise<Source | WebAssembly.Module>;
    /**
     * The weights, a safetensors file, or a promise of it. By default the package's own. `null` loads none: everything
     * works except `segment` and the model fields of `info` (useful together with a pool, to measure on the calling
     * thread without delay). The reason of a rejected promise is thrown unchanged.
     */
    weights?: Source | Promise<Source> | null;
    /** Side of the network's input, a multiple of 32 from 32 to 1024; by default that of the weights. */
    inputSize?: number;
    /** For tests. */
    backend?: Backend;
    signal?: AbortSignal;
}

export interface SegmentOptions {
    /** 0..1; by default the model's own. */
    threshold?: number;
    /** Share of the image's area below which a lesion is dropped, 0..1; by default the model's own. */
    minimumArea?: number;
    /** Also segment the mirrored image and average: takes twice as long, a little more accurate. */
    flipAverage?: boolean;
    /** `Sonomask` checks it before and after the work, which blocks the thread; `SonomaskPool` stops the work. */
    signal?: AbortSignal;
}

export interface MeasureOptions {
    /** For a probability map: 0..1, by default the model's own. */
    threshold?: number;
    /** Share of the image's area, 0..1; by default the model's own for a probability map, and 0 for a mask. */
    minimumArea?: number;
    /** For a mask: the map that gives `meanProbability`. */
    probabilityMap?: Float32Array;
}

export interface PoolMeasureOptions extends MeasureOptions {
    signal?: AbortSignal;
}

/**
 * Why something failed. From the core: `argument`, `memory`, `image-empty`, `image-format`, `image-too-large`,
 * `image-too-small`, `weights` (damaged, or not a file of this program). From this library: `load-wasm` and `load-weights`
 * (missing, refused, or another kind of file: the message names the file or URL), `aborted`, `disposed`, `no-model`
 * (loaded without weights), `worker` (a worker could not start, or crashed), `internal` (a fault of this library; the
 * instance recovers by itself).
 */
export type ErrorCode =
    | 'argument'
    | 'memory'
    | 'image-empty'
    | 'image-format'
    | 'image-too-large'
    | 'image-too-small'
    | 'weights'
    | 'load-wasm'
    | 'load-weights'
    | 'aborted'
    | 'disposed'
    | 'no-model'
    | 'worker'
    | 'internal';

/** The only kind of error that this library throws. `message` is one line. */
export class SonomaskError extends Error {
    constructor(code: ErrorCode, message: string, options?: ErrorOptions);
    readonly name: 'SonomaskError';
    readonly code: ErrorCode;
}

/** One network on the calling thread. Calls block while they compute; use `SonomaskPool` where that matters. */
export class Sonomask {
    /** Throws `load-wasm`, `load-weights`, `weights`, `memory`, `argument` or `aborted`. */
    static load(options?: LoadOptions): Promise<Sonomask>;
    private constructor();
    readonly info: ModelInfo;
    /** Bytes of memory that the module holds now. */
    readonly memoryBytes: number;
    segment(input: EncodedImage | RawImage, options?: SegmentOptions): Promise<Segmentation>;
    /** Thresholds a stored probability map again, or measures an edited mask (0 or not 0). */
    measure(map: Float32Array | Uint8Array | Uint8ClampedArray, width: number, height: number,
            options?: MeasureOptions): Measurement;
    /** All outlines of a mask (0 or not 0). */
    contours(mask: Uint8Array | Uint8ClampedArray, width: number, height: number): Contour[];
    /** PNG file of a mask, or of grey, RGB or RGBA pixels. */
    encodePng(data: Uint8Array | Uint8ClampedArray, width: number, height: number): Uint8Array<ArrayBuffer>;
    decode(input: EncodedImage): Promise<DecodedImage>;
    /** Releases the memory; later calls throw `disposed`. May be called again. */
    dispose(): void;
}

export interface PoolOptions extends LoadOptions {
    /** Largest number of workers; by default one per processor. They start when there is work for them. */
    size?: number;
    /** Idle workers end after this many milliseconds (30000); `Infinity` keeps them. */
    idleMilliseconds?: number;
    /** The worker script, when it is not in the folder of this module. */
    worker?: URL | string;
}

/**
 * The same in workers: calls queue up and run in order as workers become free. An aborted call that waits is dropped;
 * one that runs is stopped by ending its worker (another starts in its place). In both cases it rejects with `aborted`.
 */
export class SonomaskPool {
    /**
     * Loads the module and the weights once, for all workers, and checks them by starting the first worker, whose
     * script loads at the same time.
     */
    static load(options?: PoolOptions): Promise<SonomaskPool>;
    private constructor();
    readonly info: ModelInfo;
    readonly size: number;
    /** Calls that wait or run. */
    readonly pending: number;
    segment(input: EncodedImage | RawImage, options?: SegmentOptions): Promise<Segmentation>;
    measure(map: Float32Array | Uint8Array | Uint8ClampedArray, width: number, height: number,
            options?: PoolMeasureOptions): Promise<Measurement>;
    contours(mask: Uint8Array | Uint8ClampedArray, width: number, height: number,
             options?: { signal?: AbortSignal }): Promise<Contour[]>;
    encodePng(data: Uint8Array | Uint8ClampedArray, width: number, height: number,
              options?: { signal?: AbortSignal }): Promise<Uint8Array<ArrayBuffer>>;
    decode(input: EncodedImage, options?: { signal?: AbortSignal }): Promise<DecodedImage>;
    /** Ends all workers; calls that wait or run reject with `disposed`. May be called again. */
    dispose(): void;
}
