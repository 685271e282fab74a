/** Rectangles of whole pixels in an image, of which no two overlap: what the region tool moves, resizes and adds. */
import { overlap } from '../../wasm/dicom/regions.js';

export { overlap };

/**
 * @typedef {import('../../wasm/sonomask.js').Rectangle} Rectangle
 * @typedef {{ width: number, height: number }} Size
 */

export const LEAST_SIDE = 16; // pixels
export const MOST_BOXES = 16; // the network's limit

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function clamp(value, least, most) {
    return Math.round(Math.min(Math.max(value, least), Math.max(least, most)));
}

/**
 * @param {Rectangle} box
 * @param {number} dx
 * @param {number} dy
 * @param {Size} image
 * @returns {Rectangle} moved, within the image
 */
export function moved({ x, y, width, height }, dx, dy, image) {
    return { x: clamp(x + dx, 0, image.width - width), y: clamp(y + dy, 0, image.height - height), width, height };
}

/**
 * @param {Rectangle} box
 * @param {{ across: -1 | 0 | 1, down: -1 | 0 | 1 }} side that moves: -1 the left or upper one, 1 the right or lower one
 * @param {number} dx
 * @param {number} dy
 * @param {Size} image
 * @returns {Rectangle} with one side or two moved, within the image, no side shorter than LEAST_SIDE
 */
export function resized({ x, y, width, height }, { across, down }, dx, dy, image) {
    const [right, bottom] = [x + width, y + height];
    const left = across < 0 ? clamp(x + dx, 0, right - LEAST_SIDE) : x;
    const top = down < 0 ? clamp(y + dy, 0, bottom - LEAST_SIDE) : y;
    const end = across > 0 ? clamp(right + dx, Math.min(image.width, x + LEAST_SIDE), image.width) : right;
    const foot = down > 0 ? clamp(bottom + dy, Math.min(image.height, y + LEAST_SIDE), image.height) : bottom;
    return { x: left, y: top, width: end - left, height: foot - top };
}

/**
 * @param {{ x: number, y: number }} a
 * @param {{ x: number, y: number }} b
 * @param {Size} image
 * @returns {Rectangle | null} between two corners, within the image; null when a side is shorter than LEAST_SIDE
 */
export function between(a, b, image) {
    const [left, right] = [a.x, b.x].map(x => clamp(x, 0, image.width)).sort((p, q) => p - q);
    const [top, bottom] = [a.y, b.y].map(y => clamp(y, 0, image.height)).sort((p, q) => p - q);
    if (left === undefined || right === undefined || top === undefined || bottom === undefined) return null;
    const box = { x: left, y: top, width: right - left, height: bottom - top };
    return box.width >= LEAST_SIDE && box.height >= LEAST_SIDE ? box : null;
}

/**
 * @param {Rectangle} box
 * @param {Size} image
 */
export function isWhole({ x, y, width, height }, image) {
    return x === 0 && y === 0 && width === image.width && height === image.height;
}

/**
 * @param {Rectangle[]} boxes
 * @param {Size} image
 * @returns {Rectangle | null} the largest of a few sizes that has room beside the boxes
 */
export function freePlace(boxes, image) {
    for (const parts of [2, 3, 4, 6, 8, 12]) {
        const [width, height] = [Math.floor(image.width / parts), Math.floor(image.height / parts)];
        if (width < LEAST_SIDE || height < LEAST_SIDE) break;
        for (let row = 0; row < 2 * parts - 1; row++)
            for (let column = 0; column < 2 * parts - 1; column++) {
                const place = { x: Math.floor((column * width) / 2), y: Math.floor((row * height) / 2), width, height };
                if (!boxes.some(box => overlap(box, place))) return place;
            }
    }
    return null;
}

/**
 * @param {Rectangle} box
 * @param {Rectangle} place
 * @returns {number} how far the box must grow
 */
function growth(box, place) {
    const across = Math.max(box.x - place.x, place.x + place.width - box.x - box.width, 0);
    const down = Math.max(box.y - place.y, place.y + place.height - box.y - box.height, 0);
    return Math.hypot(across, down);
}

/**
 * @param {Rectangle[]} boxes
 * @param {Rectangle} place outside of all of them; a point has no area
 * @param {Size} image
 * @returns {Rectangle[] | 'whole'} the box that must grow least holds the place, with a margin where there is room; the
 *     whole image when each box would grow into another one
 */
export function extended(boxes, place, image) {
    const nearest = [...boxes].sort((a, b) => growth(a, place) - growth(b, place));
    const wide = Math.round(Math.max(image.width, image.height) / 20);
    for (const box of nearest)
        for (const margin of [wide, 2]) {
            const left = clamp(Math.min(box.x, place.x - margin), 0, image.width);
            const top = clamp(Math.min(box.y, place.y - margin), 0, image.height);
            const right = clamp(Math.max(box.x + box.width, place.x + place.width + margin), 0, image.width);
            const bottom = clamp(Math.max(box.y + box.height, place.y + place.height + margin), 0, image.height);
            const grown = { x: left, y: top, width: right - left, height: bottom - top };
            if (!boxes.some(other => other !== box && overlap(other, grown))) return boxes.map(other => (other === box ? grown : other));
        }
    return 'whole';
}
