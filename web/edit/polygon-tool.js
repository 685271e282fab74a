/**
 * Draws outlines point by point, and edits an outline by its points: drag a point, or a side, which adds a point. Event:
 * "change".
 */
import { nearestPoint, nearestSide, simplify } from './polygon.js';

/**
 * @typedef {import('./polygon.js').Point} Point
 * @typedef {import('../state/session.js').Session} Session
 */

const PIXELS_PER_TOLERANCE = 400; // of the image's longer side

export class PolygonTool extends EventTarget {
    #session;
    /** The outline that the points replace. @type {Uint8Array | null} */
    #outline = null;
    /** The point that is being dragged; -1: none. */
    #held = -1;
    #moved = false;
    #drawing = false; // by this tool: other changes of the mask end the editing

    /** @type {Point[]} */
    points = [];
    /** Whether the points form an outline; otherwise more are added. */
    closed = false;
    /** The point that was touched last, which `remove` takes away. */
    chosen = -1;
    /** Where the pointer is, for the line to the next point. @type {Point | null} */
    pointer = null;

    /** @param {Session} session */
    constructor(session) {
        super();
        this.#session = session;
        session.addEventListener('picture', () => this.cancel());
        session.addEventListener('history', () => {
            if (!this.#drawing) this.cancel();
        });
    }

    /** Whether points are being added. */
    get drawing() {
        return this.points.length > 0 && !this.closed;
    }

    /** Whether a point follows the pointer. */
    get holds() {
        return this.#held >= 0;
    }

    /**
     * @param {Point} at in the image
     * @param {number} reach pixels of the image within which a point or side is meant
     */
    down(at, reach) {
        const point = nearestPoint(this.points, at);
        if (this.drawing) {
            if (point.index === 0 && point.distance <= reach && this.points.length >= 3) this.close();
            else if (point.distance > reach / 2) this.#add(at, this.points.length);
        } else if (this.closed && point.distance <= reach) {
            this.#hold(point.index);
        } else if (this.closed && nearestSide(this.points, at).distance <= reach) {
            const { index, nearest } = nearestSide(this.points, at);
            this.points = [...this.points.slice(0, index), nearest, ...this.points.slice(index)];
            this.#hold(index);
        } else {
            this.#begin(at);
        }
        this.#announceChange();
    }

    /** @param {Point} at in the image: opens the outline there, or sets the first point of a new one */
    #begin(at) {
        this.#outline = this.#session.outlineAt(at);
        if (!this.#outline) {
            this.points = [at];
            this.closed = false;
            this.chosen = 0;
            return;
        }
        const { width = 0, height = 0 } = this.#session.result ?? {};
        const tolerance = Math.max(1, Math.max(width, height) / PIXELS_PER_TOLERANCE);
        this.points = simplify(this.#session.contourOf(this.#outline), tolerance);
        this.closed = true;
        this.chosen = -1;
    }

    /**
     * @param {Point} at
     * @param {number} index
     */
    #add(at, index) {
        this.points = [...this.points.slice(0, index), at, ...this.points.slice(index)];
        this.chosen = index;
    }

    /** @param {number} index */
    #hold(index) {
        this.#held = this.chosen = index;
        this.#moved = false;
    }

    /** @param {Point} at in the image, or beside it */
    drag(at) {
        if (this.#held < 0) return;
        const { width = 0, height = 0 } = this.#session.result ?? {};
        const inside = { x: Math.min(width, Math.max(0, at.x)), y: Math.min(height, Math.max(0, at.y)) };
        this.points = this.points.map((point, index) => (index === this.#held ? inside : point));
        this.#moved = true;
        this.#announceChange();
    }

    /** The point is let go. */
    up() {
        const moved = this.#held >= 0 && this.#moved;
        this.#held = -1;
        if (moved) this.#draw();
        this.#announceChange();
    }

    /** @param {Point | null} at */
    hover(at) {
        if (!this.drawing && !this.pointer) return;
        this.pointer = this.drawing ? at : null;
        this.#announceChange();
    }

    /** Joins the last point with the first. */
    close() {
        if (!this.drawing || this.points.length < 3) return;
        this.closed = true;
        this.pointer = null;
        this.#draw();
        this.#announceChange();
    }

    /** Takes away the last point while drawing, else the chosen one. */
    remove() {
        if (this.drawing) {
            this.points = this.points.slice(0, -1);
            this.chosen = this.points.length - 1;
        } else if (this.closed && this.chosen >= 0 && this.points.length > 3) {
            this.points = this.points.filter((_, index) => index !== this.chosen);
            this.chosen = Math.max(0, this.chosen - 1);
            this.#draw();
        }
        this.#announceChange();
    }

    /** Drops the points; the outline stays as it was drawn. */
    cancel() {
        this.points = [];
        this.closed = false;
        this.chosen = this.#held = -1;
        this.pointer = null;
        this.#outline = null;
        this.#announceChange();
    }

    #draw() {
        this.#drawing = true;
        const drawn = this.#session.drawPolygon(this.points, this.#outline);
        this.#drawing = false;
        if (drawn) this.#outline = drawn;
    }

    #announceChange() {
        this.dispatchEvent(new Event('change'));
    }
}
