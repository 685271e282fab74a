/**
 * sonomask: find the lesion in a breast ultrasound image, name its type, outline and measure it.
 * Research software, not a medical device. Everything runs on this machine; nothing is uploaded.
 *
 * ```js
 * import { Sonomask } from 'sonomask';
 * const sm = await Sonomask.load();
 * const { type, probabilities, lesions, mask } = await sm.segment(await file.arrayBuffer());
 *
 * const image = await sm.open(file); // for corrections, which cost a fraction of a segmentation
 * await image.segment();
 * const corrected = await image.refine({ clicks: [{ x: 310, y: 207, inside: true }] });
 * image.close();
 * sm.dispose();
 * ```
 *
 * The same files serve browsers, workers and Node (18 or later). All coordinates are in the input image's own pixels:
 * the top-left corner of the image is (0, 0), the centre of its first pixel (0.5, 0.5).
 */

// Arrays with memory of their own: `Uint8Array<ArrayBuffer>`, which TypeScript writes like this only since 5.7.
type Bytes = ReturnType<Uint8Array['slice']>;
type ClampedBytes = ReturnType<Uint8ClampedArray['slice']>;
type Floats = ReturnType<Float32Array['slice']>;

// Types of the platform that not every project declares: those of Node have no WebAssembly and no Worker.
type CompiledModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : never;
type BrowserWorker = typeof globalThis extends { Worker: { prototype: infer Worker } } ? Worker : never;

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
    data: ClampedBytes;
    width: number;
    height: number;
    /** 1: grey; 4: RGBA, the layout of `ImageData`. */
    channels: 1 | 4;
}

export interface Point {
    x: number;
    y: number;
}

/**
 * An outline in the words of the BI-RADS lexicon for ultrasound (5th edition), each with the numbers behind it; lengths are
 * pixels. Measures of the outline and of the grey levels around it, not a diagnosis and no BI-RADS category. MEASURES.md
 * of the package defines each.
 */
export interface Descriptors {
    shape: 'oval' | 'round' | 'irregular';
    /** `parallel`: wider than tall. Round lesions are not parallel, too. */
    orientation: 'parallel' | 'not parallel';
    margin: 'circumscribed' | 'not circumscribed';
    /** Why the margin is not circumscribed, in the order of this type; otherwise empty. */
    marginSigns: ('indistinct' | 'angular' | 'microlobulated' | 'spiculated')[];
    /** Echo pattern against the tissue beside the lesion; null when the picture shows none there. */
    echo: 'anechoic' | 'hyperechoic' | 'complex cystic and solid' | 'hypoechoic' | 'isoechoic' | 'heterogeneous' | null;
    /** Posterior features; null when the picture ends below the lesion. */
    posterior: 'no posterior features' | 'enhancement' | 'shadowing' | 'combined pattern' | null;
    /** An echogenic rim around a lesion that is not circumscribed. */
    halo: boolean;
    /** Along the skin. */
    width: number;
    /** Away from the skin. */
    height: number;
    /** Height / width of the ellipse with the same second moments. */
    heightRatio: number;
    /** From the skin to the nearest part of the outline, straight up. */
    depth: number;
    /** Minor / major axis of that ellipse, 0..1. */
    axisRatio: number;
    /** Perimeter of the edge / perimeter of its ellipse - 1; 0 for an ellipse. */
    roughness: number;
    /** Mean over the edge of (outside - inside) / (outside + inside), -1..1. */
    edgeContrast: number;
    /** Share of the edge without a clear contrast, 0..1. */
    weakEdge: number;
    /** Places where the outline turns by 70 degrees or more. */
    corners: number;
    /** Hollows of the outline between two lobes. */
    lobes: number;
    /** Places where the outline turns by 105 degrees or more. */
    spicules: number;
    /** Median grey inside / beside, at the same depth; null with `echo`. */
    echoRatio: number | null;
    /** (9th - 1st decile of the grey inside) / median beside; null with `echo`. */
    echoSpread: number | null;
    /** Mean grey below the lesion / beside that; null with `posterior`. */
    posteriorRatio: number | null;
    /** Grey of the rim / of the tissue around it. */
    haloRatio: number | null;
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
    /** Probability that this outline is of a lesion, 0..1; that of the image without `hasDecision`; 0 from `measure`. */
    presence: number;
    /**
     * Pixels: grown by this, the outline contains the true one for at least 90 % of patients whose lesion was found. 0 from
     * `measure`, and when the weights hold no margin.
     */
    margin: number;
    /** Index of its region in `regions`; 0 from `measure`. */
    region: number;
    /** null from `measure` without an image. */
    descriptors: Descriptors | null;
}

/**
 * A compromise between lesions kept and normal images left alone, chosen on images that the network had not seen. An
 * outline counts as a lesion when its presence is at least `presence`.
 */
export interface OperatingPoint {
    /**
     * Share of the images with a lesion in which there is an outline, counted or possible, whose presence is at least
     * `presence`: 0.8, 0.9 or 0.95.
     */
    kept: number;
    /** Least presence, 0..1. */
    presence: number;
    /** Upper 95 % bound on the share of images with a lesion in which none counts, 0..1. */
    missedBound: number;
}

/** A mask with its measured lesions, largest first. */
export interface Measurement {
    /** [height][width], 0 or 255. */
    mask: Bytes;
    lesions: Lesion[];
}

/** A rectangle of whole pixels of the image; `x` and `y` are its upper left pixel. */
export interface Rectangle {
    x: number;
    y: number;
    width: number;
    height: number;
}

/** One ultrasound picture of the image, and the answer for it as for an image of its own. */
export interface Region extends Rectangle {
    type: TissueClass;
    probabilities: Record<TissueClass, number>;
    presence: number;
    outlierScore: number;
    /** When false, this region is probably not breast ultrasound. */
    looksLikeUltrasound: boolean;
}

/**
 * Why an answer may be less sure. `tinted`: the picture has a colour map, and the answer is for the grey values behind it.
 * `overlay`: colours, as of a Doppler mode, cover a part of the scan, which was filled from its surroundings.
 * `photograph`: like a photograph of a screen, and the answer is for the part that may be ultrasound. `no-scan`: a
 * screenshot in which no ultrasound picture was found, and the answer is for the whole image. `views`: more than two
 * ultrasound pictures were found, each answered for itself; the search ends at four. `small-scan`: what was found is less
 * than a tenth of the image.
 */
export type Warning = 'tinted' | 'overlay' | 'photograph' | 'no-scan' | 'views' | 'small-scan';

/**
 * With several regions, each is answered for itself. The lesions of all are listed; `type`, `probabilities`, `presence`,
 * `outlierScore` and `looksLikeUltrasound` are those of the region with the greatest presence (the first of several).
 */
export interface Segmentation extends Measurement {
    width: number;
    height: number;
    /** The most probable class. */
    type: TissueClass;
    /** Calibrated by the temperature of the weights; they add up to 1. */
    probabilities: Record<TissueClass, number>;
    /** [height][width], probability of lesion, 0..1; of length 0 with the option `map: false`. */
    probabilityMap: Floats;
    /**
     * Expected Dice score of the mask with the ground truth, 0..1; without any lesion, the probability that there is none.
     */
    expectedDice: number;
    /** Out-of-distribution score: above 1 the input is unlike the training images; 0 when the weights have no statistics. */
    outlierScore: number;
    /** `outlierScore` is at most 1. When false, the input is probably not breast ultrasound: do not rely on the answer. */
    looksLikeUltrasound: boolean;
    /** Clicks or a box are part of the answer. */
    refined: boolean;
    /** Probability that the image shows a lesion, 0..1. */
    presence: number;
    /** What decided which outlines count as lesions; null when the weights hold none: then every outline counts. */
    operatingPoint: OperatingPoint | null;
    /**
     * Outlines that do not count, largest first: those whose presence is below that of the operating point; or, when
     * the presence of the image is not and there is no other outline, the largest one below the threshold. They are not
     * in `mask`.
     */
    possible: Lesion[];
    /** [height][width], 0 or 255: the mask of `possible`; null when there is none. */
    possibleMask: Bytes | null;
    /**
     * Where the ultrasound pictures are, at least one: those of the options, or found (from the left, then from the top), or
     * the whole image. Outside of them `probabilityMap` and `mask` are 0.
     */
    regions: Region[];
    /** Why the answer may be less sure; mostly empty. */
    warnings: Warning[];
    /** Share of the regions that a colour overlay covers, 0..1; 0 without the warning `overlay`. */
    overlayShare: number;
    /** Time from the input to this answer, decoding included except for an open image, without waiting in a queue. */
    milliseconds: number;
}

/** A closed outline along pixel corners. */
export interface Contour {
    /** x, y, x, y ...; the last point is joined to the first. */
    points: Floats;
    /** Holes run anticlockwise on the screen, outer outlines clockwise. */
    isHole: boolean;
}

/** Metadata of the weights file, and the kernels that run. */
export interface ModelInfo {
    /** Of this library. */
    version: string;
    /** The kernels that run. */
    backend: Exclude<Backend, 'auto'>;
    /** "sonomask2", "sonomask", "unet16", ... */
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
    /** `refine` works with these weights. Weights of the first generation take no clicks. */
    takesPrompts: boolean;
    /** The weights contain what presence, operating points and margins need. */
    hasDecision: boolean;
    /** By `kept`, ascending; empty without `hasDecision`. */
    operatingPoints: OperatingPoint[];
    /** Free text; "" when unknown. */
    trainingData: string;
    /** ISO 8601; "" when unknown. */
    date: string;
}

export interface LoadOptions {
    /**
     * The module, also as a compiled one (`WebAssembly.Module`), or a promise of either. By default the package's own: with
     * SIMD where the engine has it. Edge runtimes need a compiled one.
     */
    wasm?: Source | CompiledModule | Promise<Source | CompiledModule>;
    /**
     * The weights, a safetensors file, or a promise of it. By default the package's own. `null` loads none: everything
     * works except `segment`, `open` and the model fields of `info` (useful together with a pool, to measure on the calling
     * thread without delay). The reason of a rejected promise is thrown unchanged.
     */
    weights?: Source | Promise<Source> | null;
    /** Side of the network's input, a multiple of 32 from 32 to 1024; by default that of the weights. */
    inputSize?: number;
    /** For tests. */
    backend?: Backend;
    signal?: AbortSignal;
}

export interface RefineOptions {
    /** 0..1; by default the model's own. */
    threshold?: number;
    /** Share of the area of the region below which a lesion is dropped, 0..1; by default the model's own. */
    minimumArea?: number;
    /**
     * Where the ultrasound pictures in the image are. `auto` (the default) finds them when the image is that of a whole
     * scanner screen; `whole`: the image is the picture; or 1 to 16 rectangles, which must not overlap and of which the
     * parts in the image count. Throws `argument` for a rectangle of no area or outside of the image.
     */
    regions?: 'auto' | 'whole' | Rectangle[];
    /** `kept` of the operating point that decides which outlines count; by default 0.95. */
    operatingPoint?: 0.8 | 0.9 | 0.95;
    /** `false` leaves `probabilityMap` empty: four bytes per pixel less to copy where only outlines are wanted. */
    map?: boolean;
    /** `Sonomask` checks it before and after the work, which blocks the thread; `SonomaskPool` stops the work. */
    signal?: AbortSignal;
}

export interface SegmentOptions extends RefineOptions {
    /** Also segment the mirrored image and average: takes twice as long, a little more accurate. */
    flipAverage?: boolean;
}

export interface OpenOptions {
    signal?: AbortSignal;
}

/** A click of the user, in pixels of the image: 0 <= x < width, 0 <= y < height. */
export interface Click {
    x: number;
    y: number;
    /** On a lesion; otherwise on tissue that is not lesion. */
    inside: boolean;
}

/** A box around one lesion, in pixels of the image; `x` and `y` are its upper left corner. The part in the image counts. */
export interface Box {
    x: number;
    y: number;
    width: number;
    height: number;
}

/**
 * All corrections of the user so far. A click inside always lies in an outline of the answer; a click outside lies in none.
 * A box always holds an outline, and the outline of the lesion in it does not leave it.
 */
export interface Prompts {
    /** At most 1000. */
    clicks?: Click[];
    box?: Box;
}

/** An image that was opened for corrections: `await sonomask.open(input)`. */
export class OpenImage {
    private constructor();
    readonly width: number;
    readonly height: number;
    segment(options?: SegmentOptions): Promise<Segmentation>;
    /**
     * The answer with clicks and a box. Only the decoder of the network runs, unless the features of the image are lost
     * (another image was segmented, or the same with other `regions`, or the worker ended): then the image is segmented
     * again first. Clicks and box change the answer of the regions that they are in; the box belongs to the region with the
     * largest part of it. The answer depends on the
     * image, the options and these prompts, not on earlier calls; without prompts it is that of `segment`.
     * Throws `no-prompts` when the weights take none, and `argument` for a click or box that is not finite or outside of the
     * image or of all its regions, a box of no area, more than 1000 clicks, and prompts that contradict each other: an inside and an outside click
     * on one pixel, a click inside that touches the box from outside, outside clicks on every pixel of the box.
     */
    refine(prompts: Prompts, options?: RefineOptions): Promise<Segmentation>;
    /** Releases the pixels and features; later calls throw `closed`. May be called again. */
    close(): void;
}

export interface MeasureOptions {
    /** For a probability map: 0..1, by default the model's own. */
    threshold?: number;
    /** Share of the image's area, 0..1; by default the model's own for a probability map, and 0 for a mask. */
    minimumArea?: number;
    /** For a mask: the map that gives `meanProbability`. */
    probabilityMap?: Float32Array;
    /**
     * The image of the mask or map, of the same width and height: with it the lesions have `descriptors`. Of a large image a
     * part is enough that begins at the top of the region and, on the other sides, reaches from each outline as far as
     * the larger side of its `bbox`, and 4 pixels more.
     */
    image?: RawImage;
    /**
     * With `image`, the ultrasound pictures in it, as an answer lists them. A lesion is described within the one that holds its
     * centroid, enlarged to hold the outline; without any, in the whole image.
     */
    regions?: Rectangle[];
}

export interface PoolMeasureOptions extends MeasureOptions {
    signal?: AbortSignal;
}

/**
 * Why something failed. From the core: `argument`, `memory`, `image-empty`, `image-format`, `image-too-large`,
 * `image-too-small`, `weights` (damaged, or not a file of this program). From this library: `load-wasm` and `load-weights`
 * (missing, refused, or another kind of file: the message names the file or URL), `aborted`, `disposed`, `no-model`
 * (loaded without weights), `worker` (a worker could not start, or crashed), `internal` (a fault of this library; the
 * instance recovers by itself), `closed` (the image was closed), `no-prompts` (the weights take no clicks).
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
    | 'no-prompts'
    | 'closed'
    | 'worker'
    | 'internal';

/** The only kind of error that this library throws. `message` is one line. */
export class SonomaskError extends Error {
    constructor(code: ErrorCode, message: string, options?: { cause?: unknown });
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
    /**
     * Decodes an image and keeps its pixels for `segment` and `refine`. Several images may be open; the instance holds the
     * features of one of them.
     */
    open(input: EncodedImage | RawImage, options?: OpenOptions): Promise<OpenImage>;
    /** Thresholds a stored probability map again, or measures an edited mask (0 or not 0). */
    measure(map: Float32Array | Uint8Array | Uint8ClampedArray, width: number, height: number,
            options?: MeasureOptions): Measurement;
    /** All outlines of a mask (0 or not 0). */
    contours(mask: Uint8Array | Uint8ClampedArray, width: number, height: number): Contour[];
    /** PNG file of a mask, or of grey, RGB or RGBA pixels. */
    encodePng(data: Uint8Array | Uint8ClampedArray, width: number, height: number): Bytes;
    decode(input: EncodedImage): Promise<DecodedImage>;
    /** Releases the memory; later calls throw `disposed`. May be called again. */
    dispose(): void;
}

export interface PoolOptions extends LoadOptions {
    /** Largest number of workers; by default one per processor. They start when there is work for them. */
    size?: number;
    /** Idle workers end after this many milliseconds (30000); `Infinity` keeps them. */
    idleMilliseconds?: number;
    /**
     * The worker script, when it is not that of this package, or a function that starts a worker with it. A script from another
     * origin, such as a CDN, is started by a small script of the page's own origin (needs CORS, and `blob:` in the worker-src
     * of a content security policy; in a sandboxed frame `data:`).
     */
    worker?: URL | string | (() => BrowserWorker);
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
    /**
     * As `load`, but does not wait until module and weights are loaded: calls may be made at once, and the first of them
     * runs as soon as the first worker has its network. When the loading fails, `ready` and all calls reject with its error.
     */
    static start(options?: PoolOptions): Promise<SonomaskPool>;
    private constructor();
    /** Resolves when the network is loaded and checked, as it is after `load`. Until then `info` is empty. */
    readonly ready: Promise<void>;
    readonly info: ModelInfo;
    readonly size: number;
    /** Calls that wait or run. */
    readonly pending: number;
    segment(input: EncodedImage | RawImage, options?: SegmentOptions): Promise<Segmentation>;
    /**
     * Decodes an image and keeps its pixels. The calls of an open image run in the worker that holds it, as long as that
     * worker lives; afterwards the image is sent to another one and segmented again. An aborted call does not close the image.
     */
    open(input: EncodedImage | RawImage, options?: OpenOptions): Promise<OpenImage>;
    measure(map: Float32Array | Uint8Array | Uint8ClampedArray, width: number, height: number,
            options?: PoolMeasureOptions): Promise<Measurement>;
    contours(mask: Uint8Array | Uint8ClampedArray, width: number, height: number,
             options?: { signal?: AbortSignal }): Promise<Contour[]>;
    encodePng(data: Uint8Array | Uint8ClampedArray, width: number, height: number,
              options?: { signal?: AbortSignal }): Promise<Bytes>;
    decode(input: EncodedImage, options?: { signal?: AbortSignal }): Promise<DecodedImage>;
    /** Ends all workers; calls that wait or run reject with `disposed`. May be called again. */
    dispose(): void;
}
