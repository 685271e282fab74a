/**
 * Sessions as JSON: items with answers, edits, reviews and ground truth. What is read was written by anyone, so every
 * field that the page uses is checked.
 */
import { WORDS } from '../../wasm/dicom/codes.js';
import { READER_WORDS } from '../../wasm/dicom/report.js';
import { MOST_BOXES, overlap } from '../edit/boxes.js';
import { BIRADS, noReview } from '../state/item.js';
import { savedEdits } from './work.js';

/**
 * @typedef {import('../state/item.js').DrawnMask} DrawnMask
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/item.js').Review} Review
 * @typedef {import('../state/item.js').Scale} Scale
 * @typedef {import('./work.js').SavedEdits} SavedEdits
 * @typedef {import('../i18n/i18n.js').Key} Key
 */

/** @typedef {Omit<FrameResult, 'edits'> & { edits: SavedEdits | null }} SavedResult */

/**
 * @typedef {object} SavedItem
 * @property {string} name
 * @property {string} path
 * @property {number} bytes of the image file
 * @property {string} sha256 of the image file; "": unknown
 * @property {Item['kind']} kind
 * @property {boolean} done whether it was analysed
 * @property {number} frame in view
 * @property {number} frameCount
 * @property {number | null} threshold
 * @property {Item['regions']} regions
 * @property {number[]} stale frames whose answers are for other regions
 * @property {Scale[]} scales
 * @property {import('../state/item.js').Ruler[]} rulers
 * @property {Review} review
 * @property {{ frame: number, result: SavedResult }[]} answers
 * @property {DrawnMask | null} truth
 * @property {Map<number, DrawnMask> | null} truths of a loop, by frame
 * @property {string} thumbnail data URL; "": none
 * @property {string} image where the image file is kept; "": nowhere
 */

/**
 * @typedef {object} SavedSession
 * @property {string} model SHA-256 of the weights; "": unknown
 * @property {string} reader
 * @property {number} operatingPoint see Store
 * @property {string} saved ISO date
 * @property {SavedItem[]} items
 */

export const FORMAT = 'sonomask-session';
export const VERSION = 1;
/** @type {FrameResult['warnings']} */
const WARNINGS = ['tinted', 'overlay', 'photograph', 'no-scan', 'views', 'small-scan'];
const MOST_PIXELS = 64e6; // as for images
const MOST_TEXT = 10000; // letters
const MOST_LESIONS = 100000;
const MOST_FRAMES = 100000;
const MOST_THUMBNAIL = 100000;

/** A session that cannot be read; `key` is a text of the language files. */
export class SessionError extends Error {
    /**
     * @param {Key} key
     * @param {string} [detail]
     */
    constructor(key, detail = '') {
        super(detail || key);
        this.key = key;
        this.detail = detail;
    }
}

/**
 * @param {import('../state/item.js').AloneAnswer} answer
 * @returns {object} the same for JSON
 */
function plain({ runs, possibleRuns, ...rest }) {
    return { ...rest, runs: [...runs], possibleRuns: possibleRuns && [...possibleRuns] };
}

/** @param {DrawnMask} mask */
const plainMask = ({ width, height, runs, apart }) => ({ width, height, runs: [...runs], ...(apart && { apart: [...apart] }) });

/**
 * @param {Fields} saved
 * @returns {DrawnMask | null}
 */
function maskOf(saved) {
    const size = sizeOf(saved);
    if (!size) return null;
    const pixels = size.width * size.height;
    return { ...size, runs: saved.runs('runs', pixels, true), ...(saved.value.apart ? { apart: saved.runs('apart', pixels, true) } : {}) };
}

/**
 * @param {Item} item
 * @param {{ name: string, path: string, image: string, thumbnail: boolean }} options
 * @returns {object} for JSON
 */
export function toJson(item, { name, path, image, thumbnail }) {
    const answers = [...item.results].map(([frame, result]) => {
        const { network, edits, runs, ...rest } = result;
        return {
            frame,
            ...rest,
            runs: [...runs],
            network: { ...plain(network), alone: network.alone && plain(network.alone) },
            edits: savedEdits(edits),
        };
    });
    const drawn = item.truth?.files.find(file => !(file instanceof Blob)) ?? item.truth?.read;
    const truth = drawn && !(drawn instanceof Blob) && !item.truth?.frames ? plainMask(drawn) : null;
    const truths = [...(item.truth?.frames ?? [])].map(([number, mask]) => ({ frame: number, ...plainMask(mask) }));
    const { sha256, kind, frame, frameCount, threshold, regions, scales, rulers, review } = item;
    return {
        name, path, bytes: item.bytes, sha256, kind, done: answers.length > 0, frame, frameCount, threshold, regions, stale: [...item.stale], scales, rulers, review, answers,
        truth, ...(truths.length > 0 && { truths }), thumbnail: thumbnail ? (item.thumbnail?.src ?? '') : '', image,
    };
}

/**
 * @param {{ model: string, reader: string, operatingPoint: number }} facts
 * @returns {object} the head of a session, for JSON
 */
export function headJson({ model, reader, operatingPoint }) {
    return { format: FORMAT, version: VERSION, saved: new Date().toISOString(), model, reader, operatingPoint };
}

/** Reads fields of parsed JSON; a field that is not as expected throws, with its path. */
class Fields {
    /**
     * @param {any} value
     * @param {string} path
     */
    constructor(value, path) {
        if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SessionError('session.damaged', path);
        this.value = value;
        this.path = path;
    }

    /**
     * @param {string} name
     * @returns {never}
     */
    refuse(name) {
        throw new SessionError('session.damaged', `${this.path}.${name}`);
    }

    /**
     * @param {string} name
     * @param {number} [least]
     * @param {number} [most]
     * @returns {number}
     */
    number(name, least = -Infinity, most = Infinity) {
        const value = this.value[name];
        if (typeof value !== 'number' || !Number.isFinite(value) || value < least || value > most) this.refuse(name);
        return value;
    }

    /**
     * @param {string} name
     * @param {number} least
     * @param {number} most
     * @returns {number}
     */
    whole(name, least, most) {
        const value = this.number(name, least, most);
        if (!Number.isInteger(value)) this.refuse(name);
        return value;
    }

    /**
     * @param {string} name
     * @param {number} [most] letters
     * @returns {string} "" when there is none
     */
    text(name, most = MOST_TEXT) {
        const value = this.value[name] ?? '';
        if (typeof value !== 'string' || value.length > most) this.refuse(name);
        return value;
    }

    /**
     * @template {string | null} T
     * @param {string} name
     * @param {readonly T[]} known
     * @returns {T}
     */
    oneOf(name, known) {
        const value = this.value[name] ?? null;
        if (!known.includes(value)) this.refuse(name);
        return value;
    }

    /**
     * @param {string} name
     * @param {number} most
     * @returns {Fields[]}
     */
    list(name, most) {
        const value = this.value[name];
        if (!Array.isArray(value) || value.length > most) this.refuse(name);
        return value.map((part, index) => new Fields(part, `${this.path}.${name}[${index}]`));
    }

    /** @param {string} name */
    within(name) {
        return new Fields(this.value[name], `${this.path}.${name}`);
    }

    /**
     * Run lengths of a mask.
     * @param {string} name
     * @param {number} pixels
     * @param {boolean} [whole] whether they add up to all pixels; else the rest is not in the mask
     * @returns {Uint32Array}
     */
    runs(name, pixels, whole = false) {
        const value = this.value[name];
        if (!Array.isArray(value) || value.length > pixels + 1) this.refuse(name);
        let sum = 0;
        for (const run of value) {
            if (!Number.isInteger(run) || run < 0) this.refuse(name);
            sum += run;
        }
        if (sum > pixels || (whole && sum !== pixels)) this.refuse(name);
        return Uint32Array.from(value);
    }
}

/** @param {Fields} fields */
function sizeOf(fields) {
    const width = fields.whole('width', 1, MOST_PIXELS);
    const height = fields.whole('height', 1, MOST_PIXELS);
    if (width * height > MOST_PIXELS) fields.refuse('width');
    return { width, height };
}

/** @param {Fields} fields */
function checkPoint(fields) {
    fields.number('x');
    fields.number('y');
}

const NUMBERS = /** @type {const} */ ([
    'width', 'height', 'heightRatio', 'depth', 'axisRatio', 'roughness', 'edgeContrast', 'weakEdge', 'corners', 'lobes', 'spicules',
]);
const NUMBERS_OR_NULL = /** @type {const} */ (['echoRatio', 'echoSpread', 'posteriorRatio', 'haloRatio']);

/**
 * @param {Fields} fields
 * @returns {any} descriptors
 */
function descriptorsOf(fields) {
    const { value } = fields;
    const word = (/** @type {keyof typeof WORDS} */ kind, /** @type {string} */ name, /** @type {null[]} */ ...more) => fields.oneOf(name, [...Object.keys(WORDS[kind]), ...more]);
    word('shape', 'shape');
    word('orientation', 'orientation');
    word('margins', 'margin');
    word('echo', 'echo', null);
    word('posterior', 'posterior', null);
    const signs = value.marginSigns;
    if (!Array.isArray(signs) || signs.length > 4 || signs.some(sign => !Object.keys(WORDS.margins).includes(sign))) fields.refuse('marginSigns');
    if (typeof value.halo !== 'boolean') fields.refuse('halo');
    for (const name of NUMBERS) fields.number(name);
    for (const name of NUMBERS_OR_NULL) if (value[name] !== null) fields.number(name);
    return value;
}

/**
 * @param {Fields} fields
 * @param {string} name
 * @returns {any[]} lesions
 */
function lesionsOf(fields, name) {
    return fields.list(name, MOST_LESIONS).map(lesion => {
        for (const part of ['area', 'longAxis', 'shortAxis', 'perimeter', 'circularity', 'orientation', 'meanProbability', 'expectedDice', 'presence', 'margin'])
            lesion.number(part);
        checkPoint(lesion.within('centroid'));
        const box = lesion.within('bbox');
        checkPoint(box);
        box.number('width', 0);
        box.number('height', 0);
        for (const ends of ['longAxisEnds', 'shortAxisEnds']) if (lesion.list(ends, 2).map(checkPoint).length !== 2) lesion.refuse(ends);
        return { ...lesion.value, descriptors: lesion.value.descriptors ? descriptorsOf(lesion.within('descriptors')) : null };
    });
}

/**
 * @param {Fields} fields
 * @returns {import('../../wasm/dicom/report.js').ReaderWords}
 */
function readerWordsOf(fields) {
    return Object.fromEntries(READER_WORDS.filter(kind => fields.value[kind] !== undefined).map(kind => [kind, fields.oneOf(kind, Object.keys(WORDS[kind]))]));
}

/**
 * @param {Fields} fields with the field "prompts"
 * @returns {any} null: none
 */
function promptsOf(fields) {
    if (fields.value.prompts === null || fields.value.prompts === undefined) return null;
    const prompts = fields.within('prompts');
    const clicks = prompts.value.clicks === undefined ? [] : prompts.list('clicks', 1000);
    for (const click of clicks) {
        checkPoint(click);
        if (typeof click.value.inside !== 'boolean') click.refuse('inside');
    }
    if (prompts.value.box !== undefined && prompts.value.box !== null) {
        const box = prompts.within('box');
        checkPoint(box);
        box.number('width', 0);
        box.number('height', 0);
    }
    return clicks.length === 0 && !prompts.value.box ? null : prompts.value;
}

/**
 * @param {Fields} fields
 * @returns {SavedResult}
 */
function resultOf(fields) {
    const { width, height } = sizeOf(fields);
    const pixels = width * height;
    const shares = fields.within('probabilities');
    for (const type of ['normal', 'benign', 'malignant']) shares.number(type, 0, 1);
    const point = fields.value.operatingPoint ? fields.within('operatingPoint') : null;
    for (const name of ['kept', 'presence', 'missedBound']) point?.number(name, 0, 1);
    const network = fields.within('network');
    const saved = fields.value.edits ? fields.within('edits') : null;
    const edits = saved && {
        width: saved.whole('width', width, width),
        height: saved.whole('height', height, height),
        prompts: promptsOf(saved),
        added: [...saved.runs('added', pixels)],
        erased: [...saved.runs('erased', pixels)],
        removal: saved.value.removal ? removalOf(saved.within('removal'), pixels) : null,
    };
    return {
        ...fields.value,
        width,
        height,
        type: fields.oneOf('type', /** @type {const} */ (['normal', 'benign', 'malignant'])),
        presence: fields.number('presence', 0, 1),
        operatingPoint: point ? point.value : null,
        foreign: fields.value.foreign === true,
        outlierScore: fields.number('outlierScore'),
        // Sessions of earlier releases do not hold the next two.
        warnings: WARNINGS.filter(warning => Array.isArray(fields.value.warnings) && fields.value.warnings.includes(warning)),
        overlayShare: fields.value.overlayShare === undefined ? 0 : fields.number('overlayShare', 0, 1),
        milliseconds: fields.number('milliseconds', 0),
        threshold: fields.number('threshold', 0, 1),
        regions: answeredRegionsOf(fields),
        regionsFrom: fields.value.regionsFrom === undefined ? 'found' : fields.oneOf('regionsFrom', /** @type {const} */ (['user', 'dicom', 'found'])),
        lesions: lesionsOf(fields, 'lesions'),
        possible: lesionsOf(fields, 'possible'),
        runs: fields.runs('runs', pixels, true),
        network: {
            threshold: network.number('threshold', 0, 1),
            prompts: promptsOf(network),
            ...outlinesOf(network, pixels),
            alone: network.value.alone ? outlinesOf(network.within('alone'), pixels) : null,
        },
        edits,
    };
}

/** @param {Fields} fields */
function rectangleOf(fields) {
    const [x, y] = [fields.whole('x', 0, MOST_PIXELS), fields.whole('y', 0, MOST_PIXELS)];
    return { x, y, width: fields.whole('width', 1, MOST_PIXELS), height: fields.whole('height', 1, MOST_PIXELS) };
}

/**
 * The regions that an answer is for; sessions of earlier releases have none.
 * @param {Fields} fields
 * @returns {FrameResult['regions']}
 */
function answeredRegionsOf(fields) {
    if (fields.value.regions === undefined) return [];
    return fields.list('regions', MOST_BOXES).map(region => {
        const shares = region.within('probabilities');
        const [normal, benign, malignant] = [shares.number('normal', 0, 1), shares.number('benign', 0, 1), shares.number('malignant', 0, 1)];
        return {
            ...rectangleOf(region),
            type: region.oneOf('type', /** @type {const} */ (['normal', 'benign', 'malignant'])),
            probabilities: { normal, benign, malignant },
            presence: region.number('presence', 0, 1),
            outlierScore: region.number('outlierScore'),
            looksLikeUltrasound: region.value.looksLikeUltrasound === true,
        };
    });
}

/**
 * @param {Fields} fields
 * @returns {Item['regions']}
 */
function chosenRegionsOf(fields) {
    const { regions = null } = fields.value;
    if (regions === null || regions === 'whole') return regions;
    const boxes = fields.list('regions', MOST_BOXES).map(rectangleOf);
    if (boxes.length === 0 || boxes.some((box, index) => boxes.slice(0, index).some(other => overlap(box, other)))) fields.refuse('regions');
    return boxes;
}

/**
 * @param {Fields} fields
 * @param {number} pixels
 * @returns {import('../state/item.js').AloneAnswer}
 */
function outlinesOf(fields, pixels) {
    return {
        lesions: lesionsOf(fields, 'lesions'),
        possible: lesionsOf(fields, 'possible'),
        runs: fields.runs('runs', pixels, true),
        possibleRuns: fields.value.possibleRuns ? fields.runs('possibleRuns', pixels, true) : null,
    };
}

/**
 * @param {Fields} fields
 * @param {number} pixels
 */
function removalOf(fields, pixels) {
    return { removed: [...fields.runs('removed', pixels, true)], kept: [...fields.runs('kept', pixels, true)] };
}

/**
 * @param {Fields} fields
 * @returns {import('../state/item.js').Ruler}
 */
function rulerOf(fields) {
    const ends = [fields.within('from'), fields.within('to')];
    ends.forEach(checkPoint);
    return { frame: fields.whole('frame', 0, MOST_FRAMES), from: ends[0]?.value, to: ends[1]?.value };
}

/**
 * @param {Fields} fields
 * @returns {Scale}
 */
function scaleOf(fields) {
    const region = fields.value.region ? fields.within('region') : null;
    if (region) for (const name of ['x', 'y', 'width', 'height']) region.number(name);
    return {
        millimetres: fields.number('millimetres', 1e-9, 1e6),
        origin: fields.oneOf('origin', /** @type {const} */ (['dicom', 'user'])),
        region: region ? region.value : null,
    };
}

/**
 * The last part of a path, without letters that have a meaning in paths or cannot be seen: names of exported files are
 * made from it.
 * @param {string} name
 */
export function safeName(name) {
    const last = name.split(/[/\\]/).at(-1) ?? '';
    // eslint-disable-next-line no-control-regex
    const clean = last.replaceAll(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, '').slice(0, 255);
    return /^\.*$/.test(clean) ? 'image' : clean;
}

/**
 * @param {unknown} json parsed
 * @param {string} path for messages
 * @returns {SavedItem}
 */
export function itemOf(json, path) {
    const fields = new Fields(json, path);
    const review = fields.value.review ? fields.within('review') : null;
    const frameCount = fields.whole('frameCount', 1, MOST_FRAMES);
    const truth = fields.value.truth ? fields.within('truth') : null;
    const truths = (fields.value.truths ? fields.list('truths', frameCount) : []).flatMap(saved => {
        const mask = maskOf(saved);
        return mask ? [/** @type {const} */ ([saved.whole('frame', 0, frameCount - 1), mask])] : [];
    });
    const sha256 = fields.text('sha256', 64);
    const thumbnail = fields.text('thumbnail', MOST_THUMBNAIL);
    return {
        name: safeName(fields.text('name')),
        path: fields.text('path') || safeName(fields.text('name')),
        bytes: fields.whole('bytes', 0, Number.MAX_SAFE_INTEGER),
        sha256: /^[0-9a-f]{64}$/.test(sha256) ? sha256 : '',
        kind: fields.oneOf('kind', /** @type {const} */ (['image', 'dicom', 'video', null])),
        done: fields.value.done === true,
        frame: fields.whole('frame', 0, frameCount - 1),
        frameCount,
        threshold: fields.value.threshold === null || fields.value.threshold === undefined ? null : fields.number('threshold', 0, 1),
        regions: chosenRegionsOf(fields),
        stale: Array.isArray(fields.value.stale) ? fields.value.stale.filter((/** @type {unknown} */ frame) => Number.isInteger(frame)).slice(0, frameCount) : [],
        scales: fields.list('scales', 1000).map(scaleOf),
        rulers: fields.list('rulers', 10000).map(rulerOf),
        review: review
            ? {
                  state: review.oneOf('state', /** @type {const} */ (['open', 'check', 'accepted', 'rejected'])),
                  type: review.oneOf('type', /** @type {const} */ (['normal', 'benign', 'malignant', null])),
                  birads: review.value.birads ? review.oneOf('birads', BIRADS) : '',
                  notes: review.text('notes', 100 * MOST_TEXT),
                  ...(review.value.words ? { words: readerWordsOf(review.within('words')) } : {}),
              }
            : noReview(),
        answers: fields.list('answers', frameCount).map(answer => ({ frame: answer.whole('frame', 0, frameCount - 1), result: resultOf(answer) })),
        truth: truth && maskOf(truth),
        truths: truths.length > 0 ? new Map(truths) : null,
        thumbnail: thumbnail.startsWith('data:image/jpeg;base64,') ? thumbnail : '',
        image: fields.text('image'),
    };
}

/**
 * @param {unknown} json parsed
 * @returns {{ model: string, reader: string, saved: string, operatingPoint: number }}
 */
export function headOf(json) {
    const fields = new Fields(json, 'session');
    if (fields.value.format !== FORMAT) throw new SessionError('session.other');
    if (typeof fields.value.version === 'number' && fields.value.version > VERSION) throw new SessionError('session.newer', String(fields.value.version));
    fields.whole('version', 1, VERSION);
    const { model, reader, saved } = { model: fields.text('model', 64), reader: fields.text('reader', 200), saved: fields.text('saved', 40) };
    return { model, reader, saved, operatingPoint: fields.number('operatingPoint', 0, 1) };
}
