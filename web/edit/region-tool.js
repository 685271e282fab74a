/**
 * The boxes of the ultrasound pictures in an image: moved, resized, drawn, removed, with undo. A change is handed to the
 * session when the pointer goes up, or a moment after the last key. Event: "change".
 */
import { between, freePlace, isWhole, LEAST_SIDE, MOST_BOXES, moved, overlap, resized } from './boxes.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Rectangle} Rectangle
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/session.js').Session} Session
 * @typedef {{ x: number, y: number }} Point
 * @typedef {{ across: -1 | 0 | 1, down: -1 | 0 | 1 }} Side both 0: the inside, which moves the box
 */

const KEY_DELAY = 500; // milliseconds after the last key
const MOST_STEPS = 100;

/** @type {Side[]} */
export const HANDLES = [-1, 0, 1].flatMap(down => [-1, 0, 1].map(across => /** @type {Side} */ ({ across, down }))).filter(({ across, down }) => across !== 0 || down !== 0);

/**
 * @param {Rectangle} box
 * @param {Side} handle
 * @returns {Point}
 */
export function handleAt({ x, y, width, height }, { across, down }) {
    return { x: x + ((across + 1) / 2) * width, y: y + ((down + 1) / 2) * height };
}

export class RegionTool extends EventTarget {
    #session;
    /** What the pointer holds. @type {{ start: Point, side: Side, box: Rectangle | null } | null} */
    #held = null;
    /** The boxes while they differ from those of the session. @type {Rectangle[] | null} */
    #draft = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;
    /** The image of the draft. @type {Item | null} */
    #owner = null;
    /** What each step replaced. @type {Map<Item, Item['regions']>[]} */
    #done = [];
    /** @type {Map<Item, Item['regions']>[]} */
    #undone = [];

    /** Index of the box that keys move. */
    chosen = 0;

    /** @param {Session} session */
    constructor(session) {
        super();
        this.#session = session;
        const forget = () => {
            if (this.#owner !== session.item) this.commit();
            this.#changed();
        };
        for (const event of ['picture', 'answer', 'regions']) session.addEventListener(event, forget);
    }

    /** @returns {{ width: number, height: number }} */
    get #image() {
        const { width = 0, height = 0 } = this.#session.picture ?? {};
        return { width, height };
    }

    /** @returns {Rectangle[]} of the image in view: chosen, or where the network looked */
    get boxes() {
        if (this.#draft && this.#owner === this.#session.item) return this.#draft;
        const { item, result } = this.#session;
        if (Array.isArray(item?.regions)) return item.regions;
        return (result?.regions ?? []).map(({ x, y, width, height }) => ({ x, y, width, height }));
    }

    /** Whether the boxes are no more than the whole image. */
    get isWhole() {
        const [box, ...others] = this.boxes;
        return box !== undefined && others.length === 0 && isWhole(box, this.#image);
    }

    get holds() {
        return this.#held !== null;
    }

    get canUndo() {
        return this.#done.length > 0;
    }

    get canRedo() {
        return this.#undone.length > 0;
    }

    /**
     * @param {Point} at in the image
     * @param {number} reach pixels of the image within which a handle is meant
     */
    down(at, reach) {
        if (!this.#session.item || !this.#session.picture) return;
        this.commit();
        const { boxes } = this;
        const near = boxes
            .flatMap((box, index) => HANDLES.map(side => ({ index, side, distance: Math.hypot(handleAt(box, side).x - at.x, handleAt(box, side).y - at.y) })))
            .filter(({ distance }) => distance <= reach)
            .sort((a, b) => a.distance - b.distance)[0];
        const inside = boxes.findIndex(box => !isWhole(box, this.#image) && at.x >= box.x && at.y >= box.y && at.x < box.x + box.width && at.y < box.y + box.height);
        if (near) this.#hold(near.index, at, near.side);
        else if (inside >= 0) this.#hold(inside, at, { across: 0, down: 0 });
        else this.#held = { start: at, side: { across: 0, down: 0 }, box: null };
        this.#changed();
    }

    /**
     * @param {number} index
     * @param {Point} start
     * @param {Side} side
     */
    #hold(index, start, side) {
        this.chosen = index;
        this.#held = { start, side, box: this.boxes[index] ?? null };
    }

    /** @param {Point} at in the image, or beside it */
    drag(at) {
        const held = this.#held;
        if (!held) return;
        const { start, side, box } = held;
        const [dx, dy] = [at.x - start.x, at.y - start.y];
        if (!box) this.#draw(start, at);
        else if (side.across === 0 && side.down === 0) this.#replace(moved(box, dx, dy, this.#image));
        else this.#replace(resized(box, side, dx, dy, this.#image));
    }

    /**
     * Draws a new box. It takes the place of one that is the whole image.
     * @param {Point} start
     * @param {Point} at
     */
    #draw(start, at) {
        const drawn = between(start, at, this.#image);
        if (!drawn) return;
        const kept = this.#newest ? this.boxes.filter(box => box !== this.#newest) : this.boxes.filter(box => !isWhole(box, this.#image));
        if (kept.length >= MOST_BOXES || kept.some(box => overlap(box, drawn))) return;
        this.#newest = drawn;
        this.#setDraft([...kept, drawn], kept.length);
    }

    /** The box that is being drawn. @type {Rectangle | null} */
    #newest = null;

    /** @param {Rectangle} box in place of the chosen one, unless it would overlap another */
    #replace(box) {
        const { boxes, chosen } = this;
        if (boxes.some((other, index) => index !== chosen && overlap(other, box))) return;
        this.#setDraft(boxes.map((other, index) => (index === chosen ? box : other)), chosen);
    }

    /**
     * @param {Rectangle[]} boxes
     * @param {number} chosen
     */
    #setDraft(boxes, chosen) {
        this.#draft = boxes;
        this.#owner = this.#session.item;
        this.chosen = chosen;
        this.#changed();
    }

    up() {
        if (!this.#held) return;
        this.#held = null;
        this.#newest = null;
        this.commit();
    }

    /** The pointer moves with no button down: nothing follows it. */
    hover() {}

    /**
     * @param {number} dx pixels
     * @param {number} dy
     * @param {boolean} resize moves the right or lower side only
     */
    nudge(dx, dy, resize) {
        const box = this.boxes[this.chosen];
        if (!box) return;
        const side = /** @type {Side} */ ({ across: dx === 0 ? 0 : 1, down: dy === 0 ? 0 : 1 });
        this.#replace(resize ? resized(box, side, dx, dy, this.#image) : moved(box, dx, dy, this.#image));
        this.#commitSoon();
    }

    /** Chooses the next box. */
    next() {
        const count = this.boxes.length;
        if (count > 0) this.chosen = (this.chosen + 1) % count;
        this.#changed();
    }

    /** @returns {boolean} whether there was room for another box */
    add() {
        const kept = this.boxes.filter(box => !isWhole(box, this.#image));
        const { width, height } = this.#image;
        const first = { x: Math.round(width / 8), y: Math.round(height / 8), width: Math.round(width * 0.75), height: Math.round(height * 0.75) };
        const place = kept.length === 0 && Math.min(first.width, first.height) >= LEAST_SIDE ? first : freePlace(kept, this.#image);
        if (!place || kept.length >= MOST_BOXES) return false;
        this.#setDraft([...kept, place], kept.length);
        this.commit();
        return true;
    }

    /** Removes the chosen box; without the last one, the boxes are found again. */
    remove() {
        const rest = this.boxes.filter((_, index) => index !== this.chosen);
        this.#drop();
        this.chosen = Math.max(0, Math.min(this.chosen, rest.length - 1));
        this.set(rest.length > 0 ? rest : null);
    }

    /** Drops a change that was not handed over. */
    cancel() {
        if (this.#held) this.#drop();
        else this.commit();
        this.#changed();
    }

    #drop() {
        clearTimeout(this.#timer);
        this.#held = null;
        this.#newest = null;
        this.#draft = null;
        this.#owner = null;
    }

    #commitSoon() {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.commit(), KEY_DELAY);
    }

    /** Hands the boxes over to the session, which segments again. */
    commit() {
        const [draft, owner] = [this.#draft, this.#owner];
        this.#drop();
        if (draft && owner) this.#apply(new Map([[owner, draft]]));
    }

    /** @param {Item['regions']} regions of the image in view */
    set(regions) {
        const { item } = this.#session;
        this.commit();
        if (item) this.#apply(new Map([[item, regions]]));
    }

    /**
     * @param {Item[]} items of the same size as the image in view
     * @returns {void} all get its regions, as one step
     */
    setAll(items) {
        const { item } = this.#session;
        this.commit();
        if (!item) return;
        const regions = item.regions ?? this.boxes;
        this.#apply(new Map(items.map(other => [other, regions])));
    }

    /** @param {Map<Item, Item['regions']>} chosen */
    #apply(chosen) {
        const changed = new Map([...chosen].filter(([item, regions]) => JSON.stringify(item.regions) !== JSON.stringify(regions)));
        if (changed.size === 0) return;
        this.#done.push(new Map([...changed.keys()].map(item => [item, item.regions])));
        if (this.#done.length > MOST_STEPS) this.#done.shift();
        this.#undone = [];
        this.#session.setRegions(changed);
    }

    undo() {
        this.commit();
        this.#swap(this.#done, this.#undone);
    }

    redo() {
        this.commit();
        this.#swap(this.#undone, this.#done);
    }

    /**
     * @param {Map<Item, Item['regions']>[]} from
     * @param {Map<Item, Item['regions']>[]} to
     */
    #swap(from, to) {
        const step = from.pop();
        if (!step) return;
        to.push(new Map([...step.keys()].map(item => [item, item.regions])));
        this.chosen = 0;
        this.#session.setRegions(step);
    }

    #changed() {
        this.chosen = Math.max(0, Math.min(this.chosen, this.boxes.length - 1));
        this.dispatchEvent(new Event('change'));
    }

    /**
     * A quiet frame around each picture; with the tool in use, handles.
     * @param {CanvasRenderingContext2D} context in pixels of the image
     * @param {number} scale
     * @param {boolean} inUse
     */
    draw(context, scale, inUse) {
        if (!inUse && this.isWhole) return;
        context.save();
        for (const [index, box] of this.boxes.entries()) {
            const strong = inUse && index === this.chosen;
            for (const [colour, width] of /** @type {const} */ ([['rgba(7, 11, 11, 0.6)', 3], [strong ? '#ffd166' : 'rgba(255, 255, 255, 0.7)', strong ? 2 : 1]])) {
                context.strokeStyle = colour;
                context.lineWidth = (inUse ? width : width / 1.5) / scale;
                context.setLineDash(inUse ? [] : [6 / scale, 5 / scale]);
                context.strokeRect(box.x, box.y, box.width, box.height);
            }
            if (!inUse) continue;
            const side = 9 / scale;
            context.setLineDash([]);
            context.lineWidth = 1.5 / scale;
            for (const handle of HANDLES) {
                const { x, y } = handleAt(box, handle);
                context.fillStyle = strong ? '#ffd166' : '#ffffff';
                context.strokeStyle = '#070b0b';
                context.fillRect(x - side / 2, y - side / 2, side, side);
                context.strokeRect(x - side / 2, y - side / 2, side, side);
            }
        }
        context.restore();
    }
}
