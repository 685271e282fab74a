/**
 * Mouse, touch, pen and keyboard in the viewer. One pointer uses the tool, two pinch; the wheel zooms; arrow keys pan, or
 * move a cursor for the tools that need a position.
 */
import { PolygonTool } from '../edit/polygon-tool.js';
import { RulerTool } from '../edit/ruler-tool.js';
import { oncePerFrame } from '../ui/dom.js';

/**
 * @typedef {'move' | 'click' | 'polygon' | 'brush' | 'erase' | 'window' | 'scale' | 'region'} Tool
 * @typedef {{ x: number, y: number }} Point
 * @typedef {import('../state/session.js').Session} Session
 * @typedef {import('./viewer.js').Viewer} Viewer
 */

const WHEEL_PER_STEP = 0.0016;
const PAN_STEP = 48;
const CURSOR_STEP = 4; // CSS pixels
const LEAST_BRUSH = 1;
const LARGEST_BRUSH = 200;
const LEAST_DRAG = 6; // CSS pixels: a shorter drag is a click
const REACH = { mouse: 9, touch: 22 }; // CSS pixels from a point that is meant

export class Gestures extends EventTarget {
    #canvas;
    #viewer;
    #session;
    /** @type {Map<number, Point>} pointers that are down, by id */
    #pointers = new Map();
    /** @type {Point | null} last point of the current stroke, in the image */
    #strokeAt = null;
    /** @type {Point | null} the keyboard's cursor, in the image */
    #cursor = null;
    /** Where the click tool went down. @type {{ place: Point, at: Point, inside: boolean } | null} */
    #pressed = null;

    /** @type {Tool} */
    tool = 'move';
    /** What a click with the click tool means: on the lesion, or on tissue that is not lesion. */
    inside = true;
    /** A finger that went down and has not moved. @type {{ place: Point, begin: () => void } | null} */
    #waiting = null;
    /** Radius in pixels of the image. */
    brushRadius = 10;
    polygon;
    ruler;
    /** Loaded after the first answer. @type {import('../edit/region-tool.js').RegionTool | null} */
    region = null;

    /**
     * @param {HTMLCanvasElement} canvas
     * @param {Viewer} viewer
     * @param {Session} session
     */
    constructor(canvas, viewer, session) {
        super();
        this.#canvas = canvas;
        this.#viewer = viewer;
        this.#session = session;
        this.polygon = new PolygonTool(session);
        this.ruler = new RulerTool(session);
        viewer.polygon = this.polygon;
        viewer.rulers = this.ruler;
        for (const tool of [this.polygon, this.ruler]) tool.addEventListener('change', () => viewer.redraw());
        canvas.addEventListener('pointerdown', event => this.#down(event));
        canvas.addEventListener('pointermove', event => this.#move(event));
        for (const name of /** @type {const} */ (['pointerup', 'pointercancel']))
            canvas.addEventListener(name, event => this.#up(event));
        canvas.addEventListener('pointerleave', () => {
            this.#showBrush(null);
            session.hover(null);
            this.#pointTool?.hover(null);
        });
        canvas.addEventListener('wheel', event => this.#wheel(event), { passive: false });
        canvas.addEventListener('dblclick', () => {
            if (this.tool === 'move') viewer.fit();
            else if (this.tool === 'polygon') this.polygon.close();
        });
        canvas.addEventListener('keydown', event => this.#key(event));
        canvas.addEventListener('blur', () => this.#endStroke());
        canvas.addEventListener('contextmenu', event => {
            if (this.tool === 'click') event.preventDefault();
        });
    }

    /** @param {Tool} tool */
    use(tool) {
        if ((tool === 'click' && !this.#session.takesClicks) || (tool === 'region' && !this.region)) return;
        this.#endStroke();
        this.#dropPress();
        this.#session.hover(null);
        if (tool !== this.tool) this.#pointTool?.cancel();
        if (tool === 'click') this.#session.prepareClicks();
        this.tool = tool;
        this.#viewer.choosesRegions = tool === 'region';
        this.#cursor = null;
        this.#showBrush(null);
        this.#viewer.redraw();
        this.dispatchEvent(new Event('tool'));
    }

    /** @param {boolean} inside what the next clicks mean */
    setInside(inside) {
        this.inside = inside;
        this.dispatchEvent(new Event('tool'));
    }

    /** @param {number} radius pixels of the image */
    setBrush(radius) {
        this.brushRadius = Math.min(LARGEST_BRUSH, Math.max(LEAST_BRUSH, Math.round(radius)));
        if (this.#viewer.brush) this.#showBrush(this.#viewer.brush.at);
        this.dispatchEvent(new Event('tool'));
    }

    /**
     * @param {MouseEvent} event
     * @returns {Point}
     */
    #place(event) {
        const box = this.#canvas.getBoundingClientRect();
        return { x: event.clientX - box.left, y: event.clientY - box.top };
    }

    /**
     * @param {Point} place on the canvas
     * @returns {Point} in the image
     */
    #toImage(place) {
        return this.#viewer.transform.toImage(this.#viewer.inPane(place));
    }

    /** @returns {PolygonTool | RulerTool | import('../edit/region-tool.js').RegionTool | null} the tool in use, when it sets and moves points */
    get #pointTool() {
        if (this.tool === 'polygon') return this.polygon;
        if (this.tool === 'region') return this.region;
        return this.tool === 'scale' ? this.ruler : null;
    }

    /** Takes back the last point of an unfinished polygon, else the last step. */
    undo() {
        if (this.tool === 'polygon' && this.polygon.drawing) this.polygon.remove();
        else this.#history.undo();
    }

    redo() {
        this.#history.redo();
    }

    /** The region tool has steps of its own. */
    get #history() {
        return this.tool === 'region' && this.region ? this.region : this.#session;
    }

    /** @returns {{ canUndo: boolean, canRedo: boolean }} */
    get steps() {
        if (this.tool === 'region' && this.region) return this.region;
        const { edits } = this.#session;
        return { canUndo: (edits?.canUndo ?? false) || this.polygon.drawing, canRedo: edits?.canRedo ?? false };
    }

    /**
     * @param {string} pointerType
     * @returns {number} pixels of the image
     */
    #reach(pointerType) {
        return (pointerType === 'touch' ? REACH.touch : REACH.mouse) / this.#viewer.transform.scale;
    }

    get #paints() {
        return this.tool === 'brush' || this.tool === 'erase';
    }

    /** @param {Point | null} at */
    #showBrush(at) {
        this.#viewer.brush = at && this.#paints ? { at, radius: this.brushRadius } : null;
        this.#viewer.redraw();
    }

    /** @param {PointerEvent} event */
    #down(event) {
        const clicks = this.tool === 'click';
        if (event.button > (clicks ? 2 : 1)) return;
        this.#canvas.setPointerCapture(event.pointerId);
        const place = this.#place(event);
        this.#pointers.set(event.pointerId, place);
        if (this.#pointers.size > 1) {
            this.#waiting = null;
            this.#endStroke();
            this.#dropPress();
            this.#pointTool?.up();
            return;
        }
        if (event.button === 1) return;
        const inside = this.inside !== (event.altKey || event.button === 2);
        const at = this.#toImage(place);
        if (clicks) {
            this.#pressAt({ place, at, inside });
        } else if (this.#paints || (event.button === 0 && this.#pointTool)) {
            const begin = () => (this.#paints ? this.#paint(at) : this.#pointTool?.down(at, this.#reach(event.pointerType)));
            // A second finger may follow, which zooms.
            if (event.pointerType === 'touch') this.#waiting = { place, begin };
            else begin();
        }
    }

    /** Begins what the finger went down for. */
    #beginWaiting() {
        const waiting = this.#waiting;
        this.#waiting = null;
        waiting?.begin();
    }

    /** @param {{ place: Point, at: Point, inside: boolean }} pressed where the click tool went down */
    #pressAt(pressed) {
        this.#pressed = pressed;
        const { at, inside } = pressed;
        if (this.#isInImage(at)) this.#session.expect({ ...at, inside });
    }

    /** @param {Point} at */
    #isInImage({ x, y }) {
        const { width, height } = this.#viewer.image;
        return x >= 0 && y >= 0 && x < width && y < height;
    }

    /** @param {PointerEvent} event */
    #move(event) {
        const place = this.#place(event);
        const before = this.#pointers.get(event.pointerId);
        if (event.pointerType !== 'touch' || before) this.#showBrush(this.#toImage(place));
        if (!before) {
            this.#hover(event, this.#toImage(place));
            return;
        }
        if (this.#waiting && Math.hypot(place.x - this.#waiting.place.x, place.y - this.#waiting.place.y) >= LEAST_DRAG) this.#beginWaiting();
        if (this.#pointers.size === 2) this.#pinch(event.pointerId, place);
        else if (this.#strokeAt) this.#paint(this.#toImage(place));
        else if (this.#pressed) this.#drag(place);
        else if (this.#pointTool?.holds) this.#pointTool.drag(this.#toImage(place));
        else if (this.tool === 'window' && !(event.buttons & 4))
            this.#changeWindow(place.x - before.x, place.y - before.y);
        else if (this.tool === 'move' || event.buttons & 4) this.#viewer.pan(place.x - before.x, place.y - before.y);
        this.#pointers.set(event.pointerId, place);
    }

    /** @param {PointerEvent} event */
    #up(event) {
        this.#pointers.delete(event.pointerId);
        if (event.type === 'pointerup') this.#beginWaiting();
        this.#waiting = null;
        this.#endStroke();
        this.#pointTool?.up();
        if (event.type === 'pointerup') this.#release();
        this.#dropPress();
        if (event.pointerType === 'touch') this.#showBrush(null);
    }

    /**
     * The pointer moves with no button down.
     * @param {PointerEvent} event
     * @param {Point} at in the image
     */
    #hover(event, at) {
        this.#pointTool?.hover(at);
        if (this.tool === 'click') this.#session.hover(this.#isInImage(at) && this.inside && !event.altKey ? at : null);
    }

    /**
     * Draws the box from where the click tool went down.
     * @param {Point} place
     */
    #drag(place) {
        const pressed = this.#pressed;
        if (!pressed?.inside) return;
        const far = Math.hypot(place.x - pressed.place.x, place.y - pressed.place.y) >= LEAST_DRAG;
        if (far || this.#viewer.draft) this.#viewer.draft = this.#boxBetween(pressed.at, this.#toImage(place));
        this.#viewer.redraw();
    }

    /**
     * @param {Point} a
     * @param {Point} b
     * @returns {import('../../wasm/sonomask.js').Box | null} within the image
     */
    #boxBetween(a, b) {
        const { width, height } = this.#viewer.image;
        const across = [a.x, b.x].map(x => Math.min(width, Math.max(0, x)));
        const down = [a.y, b.y].map(y => Math.min(height, Math.max(0, y)));
        const [x, y] = [Math.min(...across), Math.min(...down)];
        const box = { x, y, width: Math.max(...across) - x, height: Math.max(...down) - y };
        return box.width > 0 && box.height > 0 ? box : null;
    }

    /** The click tool goes up: a box when it was dragged, else a click. */
    #release() {
        const pressed = this.#pressed;
        if (!pressed) return;
        const { draft } = this.#viewer;
        if (draft) this.#session.box(draft);
        else this.#click(pressed.at, pressed.inside);
    }

    /**
     * @param {Point} at in the image or beside it
     * @param {boolean} inside
     */
    #click({ x, y }, inside) {
        if (this.#isInImage({ x, y })) this.#session.click({ x, y, inside });
    }

    #dropPress() {
        this.#pressed = null;
        this.#viewer.draft = null;
        this.#viewer.redraw();
    }

    /**
     * @param {number} id the pointer that moved
     * @param {Point} place
     */
    #pinch(id, place) {
        const before = /** @type {Point} */ (this.#pointers.get(id));
        const other = [...this.#pointers].find(([key]) => key !== id)?.[1];
        if (!other) return;
        const distance = (/** @type {Point} */ a) => Math.hypot(a.x - other.x, a.y - other.y);
        const middle = { x: (place.x + other.x) / 2, y: (place.y + other.y) / 2 };
        this.#viewer.pan((place.x - before.x) / 2, (place.y - before.y) / 2);
        this.#viewer.zoom(distance(place) / Math.max(1, distance(before)), this.#viewer.inPane(middle));
    }

    /** @param {WheelEvent} event */
    #wheel(event) {
        event.preventDefault();
        if (event.altKey && this.#paints) {
            this.setBrush(this.brushRadius - Math.sign(event.deltaY) * Math.max(1, this.brushRadius * 0.1));
            return;
        }
        const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
        // A pinch on a touchpad arrives as a wheel with Ctrl and small steps.
        const speed = event.ctrlKey ? 6 : 1;
        const factor = Math.exp(-event.deltaY * lines * WHEEL_PER_STEP * speed);
        this.#viewer.zoom(factor, this.#viewer.inPane(this.#place(event)));
    }

    /** @param {Point} at in the image */
    #paint(at) {
        if (!this.#strokeAt) this.#session.beginStroke();
        this.#session.stroke(this.#strokeAt ?? at, at, this.brushRadius, this.tool === 'erase');
        this.#strokeAt = at;
    }

    #endStroke() {
        if (!this.#strokeAt) return;
        this.#strokeAt = null;
        this.#session.endStroke();
    }

    /**
     * Sideways changes the contrast, up and down the brightness, as image viewers do.
     * @param {number} dx
     * @param {number} dy
     */
    #changeWindow(dx, dy) {
        const { low, high } = this.#viewer.settings.window;
        const centre = (low + high) / 2 + dy * 0.5;
        const width = Math.min(510, Math.max(8, high - low + dx));
        this.#viewer.set({ window: { low: centre - width / 2, high: centre + width / 2 } });
    }

    #announceCursor = oncePerFrame(() => this.dispatchEvent(new Event('cursor')));

    /** @returns {Point | null} */
    get cursor() {
        return this.#cursor;
    }

    /** @param {KeyboardEvent} event */
    #key(event) {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
        const arrow = arrows[/** @type {keyof typeof arrows} */ (event.key)];
        if (this.tool === 'region' && this.#regionKey(event, arrow)) this.dispatchEvent(new Event('region'));
        else if (arrow) this.#arrow(arrow[0] ?? 0, arrow[1] ?? 0, event.shiftKey);
        else if ((event.key === ' ' || event.key === 'Enter') && this.tool !== 'move') this.#press(event.shiftKey);
        else if ((event.key === 'Delete' || event.key === 'Backspace') && this.#pointTool) this.#pointTool.remove();
        else if (event.key === 'Escape' && this.#pointTool) this.#pointTool.cancel();
        else return;
        event.preventDefault();
        event.stopPropagation();
    }

    /**
     * @param {KeyboardEvent} event
     * @param {number[] | undefined} arrow
     * @returns {boolean} whether the region tool uses this key
     */
    #regionKey({ key, shiftKey }, arrow) {
        const step = Math.max(1, Math.round(CURSOR_STEP / this.#viewer.transform.scale));
        if (arrow) this.region?.nudge((arrow[0] ?? 0) * step, (arrow[1] ?? 0) * step, shiftKey);
        else if (key === 'Enter' || key === ' ') this.region?.next();
        else return false;
        return true;
    }

    /**
     * @param {number} dx
     * @param {number} dy
     * @param {boolean} far
     */
    #arrow(dx, dy, far) {
        const viewer = this.#viewer;
        if (this.tool === 'move') {
            viewer.pan(-dx * PAN_STEP, -dy * PAN_STEP);
        } else if (this.tool === 'window') {
            this.#changeWindow(dx * 6, dy * 6);
        } else {
            const step = ((far ? 5 : 1) * CURSOR_STEP) / viewer.transform.scale;
            const { width, height } = viewer.image;
            const from = this.#cursor ?? { x: width / 2, y: height / 2 };
            this.#cursor = {
                x: Math.min(width, Math.max(0, from.x + dx * step)),
                y: Math.min(height, Math.max(0, from.y + dy * step)),
            };
            if (this.#strokeAt) this.#paint(this.#cursor);
            if (this.#pointTool?.holds) this.#pointTool.drag(this.#cursor);
            else this.#pointTool?.hover(this.#cursor);
            if (this.#paints) this.#showBrush(this.#cursor);
            else viewer.brush = { at: this.#cursor, radius: 4 / viewer.transform.scale };
            viewer.redraw();
            this.#announceCursor();
        }
    }

    /**
     * Space or Enter at the cursor: begins or ends a stroke, sets or takes up a point, or clicks.
     * @param {boolean} shift the click means the opposite
     */
    #press(shift) {
        if (!this.#cursor) {
            this.#arrow(0, 0, false); // shows the cursor in the middle of the image, before anything happens there
            return;
        }
        const at = this.#cursor;
        const { width, height } = this.#viewer.image;
        // The cursor may stand on the right and lower edge, which belong to no pixel.
        if (this.tool === 'click') this.#click({ x: Math.min(at.x, width - 0.5), y: Math.min(at.y, height - 0.5) }, this.inside !== shift);
        else if (this.#pointTool?.holds) this.#pointTool.up();
        else if (this.#pointTool) this.#pressPoint(this.#pointTool, at);
        else if (this.#strokeAt) this.#endStroke();
        else if (this.#paints) this.#paint(at);
    }

    /**
     * Space takes up a point, which the arrow keys then move until the next Space; or it sets a point.
     * @param {PolygonTool | RulerTool | import('../edit/region-tool.js').RegionTool} tool
     * @param {Point} at
     */
    #pressPoint(tool, at) {
        tool.down(at, this.#reach('mouse'));
        if (tool === this.ruler && this.ruler.half) tool.up();
    }
}
