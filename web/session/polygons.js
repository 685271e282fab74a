/** Fills polygons. */

/**
 * Every pixel whose centre is inside, by the nonzero rule: a polygon that crosses itself has no holes.
 * @param {Uint8Array} mask changed in place: pixels inside become 255
 * @param {number} width
 * @param {number} height
 * @param {number[]} points x, y, x, y ... in pixels; the last point is joined to the first
 */
export function fillPolygon(mask, width, height, points) {
    const corners = points.length >> 1;
    if (corners < 3) return;
    let top = Infinity;
    let bottom = -Infinity;
    for (let index = 1; index < points.length; index += 2) {
        top = Math.min(top, points[index] ?? 0);
        bottom = Math.max(bottom, points[index] ?? 0);
    }
    const first = Math.max(0, Math.ceil(top - 0.5));
    const last = Math.min(height - 1, Math.floor(bottom - 0.5));
    for (let row = first; row <= last; row++) {
        const y = row + 0.5;
        /** @type {{ x: number, turn: number }[]} */
        const crossings = [];
        for (let corner = 0; corner < corners; corner++) {
            const next = (corner + 1) % corners;
            const x0 = points[2 * corner] ?? 0;
            const y0 = points[2 * corner + 1] ?? 0;
            const x1 = points[2 * next] ?? 0;
            const y1 = points[2 * next + 1] ?? 0;
            if (y0 <= y === y1 <= y) continue;
            crossings.push({ x: x0 + ((y - y0) * (x1 - x0)) / (y1 - y0), turn: y1 > y0 ? 1 : -1 });
        }
        crossings.sort((a, b) => a.x - b.x);
        let turns = 0;
        for (const [index, { x, turn }] of crossings.entries()) {
            turns += turn;
            const end = crossings[index + 1];
            if (turns === 0 || !end) continue;
            const from = Math.max(0, Math.ceil(x - 0.5));
            const to = Math.min(width, Math.ceil(end.x - 0.5));
            if (to > from) mask.fill(255, row * width + from, row * width + to);
        }
    }
}
