/** Reads COCO and LabelMe files: masks and types of images, by the name of the image. */
import { encodeRuns } from '../state/masks.js';
import { SessionError } from './format.js';
import { fillPolygon } from './polygons.js';

/**
 * @typedef {import('../state/item.js').DrawnMask} DrawnMask
 * @typedef {import('../state/item.js').TissueClass} TissueClass
 */

/**
 * @typedef {object} Annotated
 * @property {string} name of the image, with its folders where the file gives them
 * @property {string} [sha256] of the image file, where the file of annotations is the page's own
 * @property {DrawnMask} mask all outlines together
 * @property {TissueClass | null} type when all outlines have the same known one
 */

/**
 * @typedef {object} Annotations
 * @property {'COCO' | 'LabelMe'} format
 * @property {Annotated[]} images
 * @property {number} ignored outlines of unknown images, or of a kind that is not an area
 */

const MOST_PIXELS = 64e6;
const TYPES = /** @type {const} */ (['normal', 'benign', 'malignant']);

/**
 * @param {any} image of COCO, or a file of LabelMe
 * @returns {{ sha256?: string }}
 */
function checksumIn({ sonomask }) {
    const sum = sonomask?.image_sha256;
    return typeof sum === 'string' && sum !== '' ? { sha256: sum } : {};
}

/** @param {any} name */
function typeOf(name) {
    const text = String(name).toLowerCase();
    return TYPES.find(type => type === text) ?? null;
}

/**
 * @param {any} width
 * @param {any} height
 * @param {string} path for the message
 */
function checkSize(width, height, path) {
    if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1 || width * height > MOST_PIXELS)
        throw new SessionError('session.damaged', path);
}

/**
 * @param {any} points
 * @returns {number[] | null} null: not a polygon
 */
function numbersOf(points) {
    if (!Array.isArray(points)) return null;
    const flat = points.flat();
    return flat.length >= 6 && flat.length % 2 === 0 && flat.every(value => typeof value === 'number' && Number.isFinite(value)) ? flat : null;
}

/**
 * The compressed run lengths of COCO: six bits per letter, lowest first; from the fourth run on, the difference from the
 * run before the last.
 * @param {string} text
 * @returns {number[]}
 */
function countsOf(text) {
    const counts = [];
    for (let at = 0; at < text.length; ) {
        let value = 0;
        let shift = 0;
        let more = true;
        while (more && at < text.length) {
            const letter = text.charCodeAt(at++) - 48;
            value |= (letter & 31) << shift;
            more = (letter & 32) !== 0;
            shift += 5;
            if (!more && letter & 16) value |= -1 << shift;
        }
        if (counts.length > 2) value += counts[counts.length - 2] ?? 0;
        counts.push(value);
    }
    return counts;
}

/**
 * Run lengths of COCO go down the columns.
 * @param {Uint8Array} mask changed in place
 * @param {number} width
 * @param {number} height
 * @param {any} segmentation
 * @returns {boolean} whether it fits the image
 */
function fillCounts(mask, width, height, { counts, size }) {
    if (!Array.isArray(size) || size[0] !== height || size[1] !== width) return false;
    const runs = typeof counts === 'string' ? countsOf(counts) : counts;
    if (!Array.isArray(runs)) return false;
    let at = 0;
    for (const [index, run] of runs.entries()) {
        if (!Number.isInteger(run) || run < 0 || at + run > mask.length) return false;
        if (index % 2 === 1) for (let pixel = at; pixel < at + run; pixel++) mask[(pixel % height) * width + Math.floor(pixel / height)] = 255;
        at += run;
    }
    return true;
}

/**
 * @param {any} segmentation
 * @param {Uint8Array} mask changed in place
 * @param {number} width
 * @param {number} height
 * @returns {boolean} whether anything was filled
 */
function fillSegmentation(segmentation, mask, width, height) {
    if (segmentation && typeof segmentation === 'object' && !Array.isArray(segmentation)) return fillCounts(mask, width, height, segmentation);
    if (!Array.isArray(segmentation)) return false;
    const polygons = segmentation.map(numbersOf);
    for (const points of polygons) if (points) fillPolygon(mask, width, height, points);
    return polygons.some(points => points !== null);
}

/**
 * @param {any} json
 * @returns {Annotations}
 */
function readCoco(json) {
    /** @type {Map<any, string | null>} */
    const types = new Map();
    for (const category of Array.isArray(json.categories) ? json.categories : []) types.set(category?.id, typeOf(category?.name));
    /** @type {Map<any, any[]>} */
    const byImage = new Map();
    for (const annotation of json.annotations) byImage.set(annotation?.image_id, [...(byImage.get(annotation?.image_id) ?? []), annotation]);
    let ignored = 0;
    const images = json.images.flatMap((/** @type {any} */ image, /** @type {number} */ index) => {
        if (typeof image?.file_name !== 'string') throw new SessionError('session.damaged', `images[${index}].file_name`);
        const { width, height } = image;
        checkSize(width, height, `images[${index}].width`);
        const annotations = byImage.get(image.id) ?? [];
        byImage.delete(image.id);
        // An outline of one frame of a loop belongs to no single image.
        if (image.frame !== undefined && image.frame !== 1) {
            ignored += annotations.length;
            return [];
        }
        const mask = new Uint8Array(width * height);
        const kinds = new Set();
        for (const { segmentation, category_id: category } of annotations) {
            if (fillSegmentation(segmentation, mask, width, height)) kinds.add(types.get(category) ?? null);
            else ignored++;
        }
        return [{ name: image.file_name, ...checksumIn(image), mask: { width, height, runs: encodeRuns(mask) }, type: kinds.size === 1 ? [...kinds][0] : null }];
    });
    for (const lost of byImage.values()) ignored += lost.length;
    return { format: 'COCO', images, ignored };
}

/**
 * @param {any} shape
 * @returns {number[] | null} a polygon; null for a shape without an area
 */
function outlineOf({ points, shape_type: kind = 'polygon' }) {
    if (!Array.isArray(points)) return null;
    const flat = points.flat();
    if (!flat.every(value => typeof value === 'number' && Number.isFinite(value))) return null;
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = flat;
    if (kind === 'rectangle' && flat.length === 4) return [x0, y0, x1, y0, x1, y1, x0, y1];
    if (kind === 'circle' && flat.length === 4) {
        const radius = Math.hypot(x1 - x0, y1 - y0);
        const corners = Array.from({ length: 360 }, (_, step) => (step * Math.PI) / 180);
        return corners.flatMap(angle => [x0 + radius * Math.cos(angle), y0 + radius * Math.sin(angle)]);
    }
    return kind === 'polygon' ? numbersOf(points) : null;
}

/**
 * @param {any} json
 * @returns {Annotations}
 */
function readLabelMe(json) {
    const { imageWidth: width, imageHeight: height } = json;
    checkSize(width, height, 'imageWidth');
    const mask = new Uint8Array(width * height);
    const kinds = new Set();
    let ignored = 0;
    for (const shape of json.shapes) {
        const points = outlineOf(shape ?? {});
        if (points) {
            fillPolygon(mask, width, height, points);
            kinds.add(typeOf(shape.label));
        } else {
            ignored++;
        }
    }
    const type = kinds.size === 1 ? /** @type {TissueClass | null} */ ([...kinds][0]) : null;
    return { format: 'LabelMe', images: [{ name: String(json.imagePath), ...checksumIn(json), mask: { width, height, runs: encodeRuns(mask) }, type }], ignored };
}

/**
 * @param {string} text JSON
 * @returns {Annotations}
 * @throws {SessionError}
 */
export function readAnnotations(text) {
    /** @type {any} */
    let json;
    try {
        json = JSON.parse(text);
    } catch {
        throw new SessionError('annotations.damaged');
    }
    if (Array.isArray(json?.images) && Array.isArray(json.annotations)) return readCoco(json);
    if (Array.isArray(json?.shapes) && typeof json.imagePath === 'string') return readLabelMe(json);
    throw new SessionError('annotations.other');
}
