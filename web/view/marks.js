/** Lines of the tools over the image: polygon points, measured distances, the outlines that a click would give. */
import { INSIDE, OUTLINE, OUTLINE_UNDER } from './colours.js';

/**
 * @typedef {{ x: number, y: number }} Point
 */

const POINT = 4.5; // CSS pixels, as all lengths here

/**
 * @param {CanvasRenderingContext2D} context in pixels of the image
 * @param {Path2D} path
 * @param {number} scale
 * @param {string} colour
 */
function strokeTwice(context, path, scale, colour) {
    context.lineWidth = 3.5 / scale;
    context.strokeStyle = OUTLINE_UNDER;
    context.stroke(path);
    context.lineWidth = 1.5 / scale;
    context.strokeStyle = colour;
    context.stroke(path);
}

/**
 * @param {CanvasRenderingContext2D} context in pixels of the image
 * @param {import('../edit/polygon-tool.js').PolygonTool} tool
 * @param {number} scale
 */
export function drawPolygon(context, { points, closed, chosen, pointer }, scale) {
    const [first] = points;
    if (!first) return;
    const path = new Path2D();
    for (const { x, y } of points) path.lineTo(x, y);
    if (closed) path.closePath();
    else if (pointer) path.lineTo(pointer.x, pointer.y);
    strokeTwice(context, path, scale, OUTLINE);
    points.forEach(({ x, y }, index) => {
        context.beginPath();
        context.arc(x, y, (index === chosen ? POINT * 1.4 : POINT) / scale, 0, 2 * Math.PI);
        context.fillStyle = index === chosen ? INSIDE : '#ffffff';
        context.fill();
        context.lineWidth = 1.5 / scale;
        context.strokeStyle = '#06100e';
        context.stroke();
    });
}

/**
 * @param {CanvasRenderingContext2D} context in pixels of the image
 * @param {import('../state/item.js').Ruler[]} rulers
 * @param {import('../state/item.js').Ruler | null} chosen
 * @param {number} scale
 * @param {(ruler: import('../state/item.js').Ruler) => string} textOf
 */
export function drawRulers(context, rulers, chosen, scale, textOf) {
    for (const ruler of rulers) {
        const { from, to } = ruler;
        const length = Math.hypot(to.x - from.x, to.y - from.y);
        const path = new Path2D();
        path.moveTo(from.x, from.y);
        path.lineTo(to.x, to.y);
        // A tick at each end, at right angles to the line.
        const [acrossX, acrossY] = length > 0 ? [-(to.y - from.y) / length, (to.x - from.x) / length] : [0, 1];
        for (const { x, y } of [from, to]) {
            path.moveTo(x - (6 * acrossX) / scale, y - (6 * acrossY) / scale);
            path.lineTo(x + (6 * acrossX) / scale, y + (6 * acrossY) / scale);
        }
        strokeTwice(context, path, scale, ruler === chosen ? INSIDE : '#ffffff');
        if (length * scale < 12) continue;
        context.font = `600 ${13 / scale}px system-ui, sans-serif`;
        context.textAlign = 'left';
        context.textBaseline = 'middle';
        context.lineWidth = 3 / scale;
        context.strokeStyle = OUTLINE_UNDER;
        const right = to.x > from.x ? to : from;
        context.strokeText(textOf(ruler), right.x + 10 / scale, right.y);
        context.fillStyle = '#ffffff';
        context.fillText(textOf(ruler), right.x + 10 / scale, right.y);
    }
}

/**
 * The band that holds the true outline for most patients: the outline, grown by its margin.
 * @param {CanvasRenderingContext2D} context in pixels of the image
 * @param {{ path: Path2D, margin: number }[]} bands
 */
export function drawBands(context, bands) {
    for (const { path, margin } of bands) {
        context.lineWidth = 2 * margin;
        context.strokeStyle = 'rgba(125, 249, 208, 0.28)';
        context.stroke(path);
    }
}

/**
 * @param {CanvasRenderingContext2D} context in pixels of the image
 * @param {Path2D} path
 * @param {number} scale
 */
export function drawPreview(context, path, scale) {
    context.setLineDash([2 / scale, 4 / scale]);
    strokeTwice(context, path, scale, INSIDE);
    context.setLineDash([]);
}
