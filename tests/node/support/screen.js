/** A scanner screen around pictures, drawn for tests. */

/** @typedef {import('../../../wasm/sonomask.js').RawImage} RawImage */
/** @typedef {import('../../../wasm/sonomask.js').Rectangle} Rectangle */

const HEADER = 40;
const MENU = 90;
const GAP = 14;

/**
 * Bars, buttons and text-like strokes around grey pictures side by side.
 * @param {RawImage[]} pictures grey
 * @returns {{ image: RawImage & { data: Uint8Array }, views: Rectangle[] }} grey
 */
export function screenOf(pictures) {
    const width = MENU + GAP + pictures.reduce((sum, picture) => sum + picture.width + GAP, 0);
    const height = HEADER + 2 * GAP + 30 + Math.max(...pictures.map((picture) => picture.height));
    const data = new Uint8Array(width * height).fill(48);
    const fill = (/** @type {Rectangle} */ { x, y, width: wide, height: high }, /** @type {number} */ grey) => {
        for (let row = y; row < y + high; row++) data.fill(grey, row * width + x, row * width + x + wide);
    };
    fill({ x: 0, y: 0, width, height: HEADER }, 110);
    fill({ x: 0, y: HEADER, width: MENU, height: height - HEADER }, 170);
    for (let x = 12; x < width - 12; x += 7) fill({ x, y: 14 + x % 3, width: 2, height: 9 }, 240);
    for (let y = HEADER + 20; y < height - 50; y += 44) {
        fill({ x: 8, y, width: MENU - 16, height: 24 }, 90);
        for (let x = 16; x < MENU - 20; x += 6) fill({ x, y: y + 7 + x % 2, width: 2, height: 8 }, 230);
    }
    /** @type {Rectangle[]} */
    const views = [];
    let x = MENU + GAP;
    for (const picture of pictures) {
        const y = HEADER + GAP;
        for (let row = 0; row < picture.height; row++)
            data.set(picture.data.subarray(row * picture.width, (row + 1) * picture.width), (y + row) * width + x);
        views.push({ x, y, width: picture.width, height: picture.height });
        x += picture.width + GAP;
    }
    return { image: { data, width, height }, views };
}

/**
 * @param {RawImage} image grey
 * @param {Rectangle} part
 * @returns {RawImage}
 */
export function cropOf({ data, width }, part) {
    const cropped = new Uint8Array(part.width * part.height);
    for (let row = 0; row < part.height; row++) {
        const start = (part.y + row) * width + part.x;
        cropped.set(data.subarray(start, start + part.width), row * part.width);
    }
    return { data: cropped, width: part.width, height: part.height };
}
