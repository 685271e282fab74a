/**
 * Tells pictures that can hardly be B-mode ultrasound: coloured or blank ones. It looks at a small copy only, and says
 * nothing about all others; that a picture passes here does not make it an ultrasound image.
 */

const SIDE = 48; // pixels of the copy
const COLOURED = 28; // largest difference of a pixel's channels that still counts as grey, of 255
const COLOURED_SHARE = 0.25; // machines add coloured marks and bars to grey images, but not to a quarter of them
const BLANK_SPREAD = 4; // standard deviation in grey levels

/**
 * @param {ImageBitmap} picture
 * @returns {import('../i18n/i18n.js').Key | null}
 */
export function doubtAbout(picture) {
    const context = new OffscreenCanvas(SIDE, SIDE).getContext('2d', { willReadFrequently: true });
    if (!context) return null;
    context.drawImage(picture, 0, 0, SIDE, SIDE);
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    let coloured = 0;
    let sum = 0;
    let squares = 0;
    for (let index = 0; index < data.length; index += 4) {
        const [red = 0, green = 0, blue = 0] = data.subarray(index, index + 3);
        if (Math.max(red, green, blue) - Math.min(red, green, blue) > COLOURED) coloured++;
        const grey = (red + green + blue) / 3;
        sum += grey;
        squares += grey * grey;
    }
    const count = SIDE * SIDE;
    if (coloured / count > COLOURED_SHARE) return 'warning.colour';
    const variance = squares / count - (sum / count) ** 2;
    return Math.sqrt(Math.max(0, variance)) < BLANK_SPREAD ? 'warning.blank' : null;
}
