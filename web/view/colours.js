/** Colours drawn over the image. They differ on grey, and for people with red-green colour blindness. */

export const OUTLINE = '#ffb648';
export const OUTLINE_UNDER = 'rgba(6, 12, 11, 0.75)';
/** Clicks on the lesion and beside it. */
export const INSIDE = '#7df9d0';
export const OUTSIDE = '#ff9db0';
export const FILL = /** @type {const} */ ([255, 182, 72]);
/** Of the difference overlay: in both masks, only in ours, only in the truth. */
export const BOTH = /** @type {const} */ ([214, 230, 224]);
export const ONLY_OURS = /** @type {const} */ ([255, 160, 40]);
export const ONLY_TRUTH = /** @type {const} */ ([80, 170, 255]);

/** From black over violet and rose to pale yellow. The lightness rises evenly, so the map also works in grey. */
const STOPS = [
    [0.0, 8, 6, 30],
    [0.2, 58, 20, 106],
    [0.4, 133, 33, 122],
    [0.6, 205, 62, 96],
    [0.8, 246, 130, 62],
    [1.0, 252, 238, 160],
];

/** @returns {Uint8ClampedArray} RGB of 256 steps */
function ramp() {
    const table = new Uint8ClampedArray(256 * 3);
    for (let step = 0; step < 256; step++) {
        const at = step / 255;
        const above = Math.max(1, STOPS.findIndex(stop => /** @type {number} */ (stop[0]) >= at));
        const low = /** @type {number[]} */ (STOPS[above - 1]);
        const high = /** @type {number[]} */ (STOPS[above]);
        const [lowAt = 0] = low;
        const [highAt = 1] = high;
        const share = (at - lowAt) / (highAt - lowAt);
        for (let channel = 0; channel < 3; channel++) {
            const from = low[channel + 1] ?? 0;
            table[step * 3 + channel] = from + ((high[channel + 1] ?? 0) - from) * share;
        }
    }
    return table;
}

export const RAMP = ramp();
