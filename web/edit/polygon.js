/** Geometry of closed polygons, in pixels of the image. */

/** @typedef {{ x: number, y: number }} Point */

/**
 * @param {Point} at
 * @param {Point} from
 * @param {Point} to
 * @returns {{ distance: number, nearest: Point }} of the segment
 */
function toSegment(at, from, to) {
    const [alongX, alongY] = [to.x - from.x, to.y - from.y];
    const length = alongX * alongX + alongY * alongY;
    const place = length > 0 ? Math.min(1, Math.max(0, ((at.x - from.x) * alongX + (at.y - from.y) * alongY) / length)) : 0;
    const nearest = { x: from.x + place * alongX, y: from.y + place * alongY };
    return { distance: Math.hypot(at.x - nearest.x, at.y - nearest.y), nearest };
}

/**
 * Douglas and Peucker, "Algorithms for the reduction of the number of points required to represent a digitized line", 1973.
 * @param {Point[]} line
 * @param {number} tolerance
 * @returns {Point[]} with the first and the last point
 */
function simplifyLine(line, tolerance) {
    const kept = new Uint8Array(line.length);
    kept[0] = kept[line.length - 1] = 1;
    const stack = [[0, line.length - 1]];
    for (let range = stack.pop(); range; range = stack.pop()) {
        const [start = 0, end = 0] = range;
        let [worst, farthest] = [tolerance, -1];
        for (let index = start + 1; index < end; index++) {
            const { distance } = toSegment(/** @type {Point} */ (line[index]), /** @type {Point} */ (line[start]), /** @type {Point} */ (line[end]));
            if (distance > worst) [worst, farthest] = [distance, index];
        }
        if (farthest < 0) continue;
        kept[farthest] = 1;
        stack.push([start, farthest], [farthest, end]);
    }
    return line.filter((_, index) => kept[index]);
}

/**
 * @param {ArrayLike<number>} outline closed: x, y, x, y ...
 * @param {number} tolerance pixels by which the polygon may differ
 * @returns {Point[]} at least three points, when the outline has as many
 */
export function simplify(outline, tolerance) {
    /** @type {Point[]} */
    const points = [];
    for (let index = 0; index + 1 < outline.length; index += 2)
        points.push({ x: /** @type {number} */ (outline[index]), y: /** @type {number} */ (outline[index + 1]) });
    if (points.length <= 3) return points;
    // The closed line is cut at its first point and at the one farthest from it.
    const first = /** @type {Point} */ (points[0]);
    let farthest = 1;
    const away = (/** @type {Point} */ point) => Math.hypot(point.x - first.x, point.y - first.y);
    points.forEach((point, index) => {
        if (away(point) > away(/** @type {Point} */ (points[farthest]))) farthest = index;
    });
    const there = simplifyLine(points.slice(0, farthest + 1), tolerance);
    const back = simplifyLine([...points.slice(farthest), first], tolerance);
    const made = [...there, ...back.slice(1, -1)];
    return made.length >= 3 ? made : points;
}

/**
 * @param {Point[]} points
 * @param {Point} at
 * @returns {{ index: number, distance: number }} of the nearest point; Infinity without points
 */
export function nearestPoint(points, at) {
    let best = { index: -1, distance: Infinity };
    points.forEach((point, index) => {
        const distance = Math.hypot(point.x - at.x, point.y - at.y);
        if (distance < best.distance) best = { index, distance };
    });
    return best;
}

/**
 * @param {Point[]} points
 * @param {Point} at
 * @returns {{ index: number, distance: number, nearest: Point }} the nearest side: that before point `index`
 */
export function nearestSide(points, at) {
    let best = { index: -1, distance: Infinity, nearest: at };
    points.forEach((point, index) => {
        const before = /** @type {Point} */ (points[(index + points.length - 1) % points.length]);
        const { distance, nearest } = toSegment(at, before, point);
        if (distance < best.distance) best = { index, distance, nearest };
    });
    return best;
}

/**
 * A polygon that crosses itself is filled by its winding number, so that the crossing leaves no hole.
 * @param {Point[]} points
 * @param {number} width
 * @param {number} height
 * @returns {Uint8Array} 255 where the centre of a pixel lies in the polygon
 */
export function rasterise(points, width, height) {
    const mask = new Uint8Array(width * height);
    const ys = points.map(({ y }) => y);
    const first = Math.max(0, Math.floor(Math.min(...ys)));
    const last = Math.min(height - 1, Math.ceil(Math.max(...ys)));
    for (let row = first; row <= last; row++) {
        const crossings = crossingsAt(points, row + 0.5);
        let winding = 0;
        crossings.forEach(({ x, turn }, index) => {
            winding += turn;
            const next = crossings[index + 1];
            if (winding === 0 || !next) return;
            const from = Math.max(0, Math.ceil(x - 0.5));
            const to = Math.min(width, Math.ceil(next.x - 0.5));
            if (from < to) mask.fill(255, row * width + from, row * width + to);
        });
    }
    return mask;
}

/**
 * @param {Point[]} points
 * @param {number} y
 * @returns {{ x: number, turn: 1 | -1 }[]} from left to right
 */
function crossingsAt(points, y) {
    /** @type {{ x: number, turn: 1 | -1 }[]} */
    const found = [];
    points.forEach((to, index) => {
        const from = /** @type {Point} */ (points[(index + points.length - 1) % points.length]);
        if (from.y <= y === to.y <= y) return;
        found.push({ x: from.x + ((y - from.y) / (to.y - from.y)) * (to.x - from.x), turn: to.y > from.y ? 1 : -1 });
    });
    return found.sort((a, b) => a.x - b.x);
}
