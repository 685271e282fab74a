/** Clicks as dots, with a plus inside and a minus outside of the lesion, and the box as a frame. */
import { INSIDE, OUTLINE_UNDER, OUTSIDE } from './colours.js';

const RADIUS = 6; // CSS pixels, as all lengths here

/**
 * @param {CanvasRenderingContext2D} context in pixels of the image
 * @param {import('../../wasm/sonomask.js').Prompts} prompts
 * @param {number} scale
 */
export function drawPrompts(context, { clicks = [], box }, scale) {
    if (box) {
        for (const [colour, width] of /** @type {const} */ ([[OUTLINE_UNDER, 3], [INSIDE, 1.5]])) {
            context.strokeStyle = colour;
            context.lineWidth = width / scale;
            context.strokeRect(box.x, box.y, box.width, box.height);
        }
    }
    for (const { x, y, inside } of clicks) {
        context.beginPath();
        context.arc(x, y, RADIUS / scale, 0, 2 * Math.PI);
        context.fillStyle = inside ? INSIDE : OUTSIDE;
        context.fill();
        context.lineWidth = 1.5 / scale;
        context.strokeStyle = OUTLINE_UNDER;
        context.stroke();
        const arm = (RADIUS - 2.5) / scale;
        context.beginPath();
        context.moveTo(x - arm, y);
        context.lineTo(x + arm, y);
        if (inside) {
            context.moveTo(x, y - arm);
            context.lineTo(x, y + arm);
        }
        context.lineWidth = 2 / scale;
        context.strokeStyle = '#06100e';
        context.stroke();
    }
}
