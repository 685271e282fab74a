/** The ultrasound regions of a file (PS3.3, C.8.5.5), and the size of its pixels. */

/**
 * @typedef {import('./header.js').Header} Header
 */

/**
 * A part of the image that the scanner marks, in pixels.
 * @typedef {object} Region
 * @property {number} x
 * @property {number} y
 * @property {number} width
 * @property {number} height
 * @property {boolean} twoDimensional a picture of tissue, colour flow or the like; false for curves over time and bars
 * @property {number} dataType 1: tissue, 2: colour flow, 3 and up: others of the standard; 0: unknown
 * @property {number | null} millimetres side of a pixel, where it is a square of known size
 */

/**
 * The size of pixels, in a part of the image or (null) everywhere.
 * @typedef {object} Scale
 * @property {number} millimetres
 * @property {{ x: number, y: number, width: number, height: number } | null} region
 */

const TWO_DIMENSIONAL = 1;
const CENTIMETRES = 3;
const MOST_PICTURES = 16; // the network's limit

/**
 * @param {number} across
 * @param {number} down
 * @returns {number | null} the side of a square pixel
 */
function sideOf(across, down) {
    const [x, y] = [Math.abs(across), Math.abs(down)];
    return x > 0 && x < Infinity && Math.abs(x - y) <= 0.001 * x ? x : null;
}

/**
 * @param {Header} item
 * @returns {number | null}
 */
function millimetresOf(item) {
    if (item.number('x00186024') !== CENTIMETRES || item.number('x00186026') !== CENTIMETRES) return null;
    const side = sideOf(item.double('x0018602c') ?? 0, item.double('x0018602e') ?? 0);
    return side === null || !(10 * side < Infinity) ? null : 10 * side;
}

/**
 * A region outside the image belongs to another size of it and is left out.
 * @param {Header} header
 * @param {{ width: number, height: number }} image
 * @returns {Region[]}
 */
export function regionsOf(header, { width, height }) {
    return header.items('x00186011').flatMap(item => {
        const [x = 0, y = 0, right = 0, bottom = 0] = ['x00186018', 'x0018601a', 'x0018601c', 'x0018601e'].map(tag => item.long(tag) ?? 0);
        if (right > width || bottom > height || right <= x || bottom <= y) return [];
        const twoDimensional = item.number('x00186012') === TWO_DIMENSIONAL;
        const dataType = item.number('x00186014') ?? 0;
        return [{ x, y, width: right - x, height: bottom - y, twoDimensional, dataType, millimetres: millimetresOf(item) }];
    });
}

/** @typedef {{ x: number, y: number, width: number, height: number }} Rectangle */

/**
 * @param {Rectangle} a
 * @param {Rectangle} b
 */
export function overlap(a, b) {
    return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/**
 * The pictures among the regions of a file. Regions that overlap are one picture: scanners mark the box of a colour flow
 * as a region over that of the tissue.
 * @param {Region[]} regions
 * @returns {Rectangle[]} that do not overlap, in the order of the file; empty when there is no picture, or more than the
 *     network takes
 */
export function picturesOf(regions) {
    /** @type {Rectangle[]} */
    let pictures = [];
    for (const { x, y, width, height, twoDimensional } of regions) {
        if (!twoDimensional) continue;
        /** @type {Rectangle} */
        let joined = { x, y, width, height };
        // The rectangle around two regions may overlap a third one.
        for (let other = pictures.find(kept => overlap(kept, joined)); other; other = pictures.find(kept => overlap(kept, joined))) {
            const [left, top] = [Math.min(joined.x, other.x), Math.min(joined.y, other.y)];
            const right = Math.max(joined.x + joined.width, other.x + other.width);
            const bottom = Math.max(joined.y + joined.height, other.y + other.height);
            const gone = other;
            pictures = pictures.filter(kept => kept !== gone);
            joined = { x: left, y: top, width: right - left, height: bottom - top };
        }
        pictures.push(joined);
    }
    return pictures.length > MOST_PICTURES ? [] : pictures;
}

/**
 * @param {Header} header
 * @param {{ width: number, height: number }} image
 * @returns {Scale[]} of the regions; in a file without any, by its pixel spacing
 */
export function scalesOf(header, image) {
    if (header.has('x00186011')) {
        return regionsOf(header, image).flatMap(({ x, y, width, height, twoDimensional, millimetres }) =>
            twoDimensional && millimetres !== null ? [{ millimetres, region: { x, y, width, height } }] : []);
    }
    const [down = 0, across = 0] = header.decimals('x00280030');
    const side = sideOf(across, down);
    return side === null ? [] : [{ millimetres: side, region: null }];
}
