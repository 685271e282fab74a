/**
 * Draws the image and its overlays on a canvas, after a change and at most once per frame. Lines are drawn as vectors in
 * screen pixels, so they are sharp at any zoom.
 */
import { t } from '../i18n/i18n.js';
import { oncePerFrame } from '../ui/dom.js';
import { FILL, OUTLINE, OUTLINE_UNDER } from './colours.js';
import { Enlarged } from './enlarged.js';
import { applyWindow, paintDifference, paintMap, pathOf } from './layers.js';
import { drawBands, drawPolygon, drawPreview, drawRulers } from './marks.js';
import { pathsByLesion } from '../export/polygons.js';
import { drawPrompts } from './prompts.js';
import { drawRuler } from './ruler.js';
import { Transform } from './transform.js';

/**
 * Display settings of the user.
 * @typedef {object} ViewSettings
 * @property {number} opacity of fill and map, 0..1
 * @property {boolean} outline
 * @property {boolean} axes
 * @property {boolean} margin whether the band that holds the true outline of most patients is drawn
 * @property {'none' | 'probability' | 'uncertainty' | 'difference'} map instead of the fill
 * @property {'single' | 'side' | 'swipe'} layout
 * @property {number} swipe place of the dividing line, 0..1
 * @property {{ low: number, high: number }} window grey levels that become black and white
 */

/**
 * @typedef {{ x: number, y: number }} Point
 * @typedef {import('../state/session.js').Session} Session
 */

const PIXELS_FROM_SCALE = 3; // from this zoom on, single pixels are shown as squares
const FULL_WINDOW = { low: 0, high: 255 };

/** A canvas of the image's own size, with its pixels. */
class PixelLayer {
    canvas = document.createElement('canvas');
    /** @type {ImageData | null} */
    pixels = null;

    /**
     * @param {number} width
     * @param {number} height
     * @returns {ImageData}
     */
    sized(width, height) {
        if (!this.pixels || this.pixels.width !== width || this.pixels.height !== height) {
            this.canvas.width = width;
            this.canvas.height = height;
            this.pixels = new ImageData(width, height);
        }
        return this.pixels;
    }

    show() {
        if (this.pixels) this.canvas.getContext('2d')?.putImageData(this.pixels, 0, 0);
    }
}

/**
 * @param {CanvasRenderingContext2D} context in pixels of the image
 * @param {Path2D} outline
 * @param {number} scale
 */
function strokeOutline(context, outline, scale) {
    context.lineWidth = 4 / scale;
    context.strokeStyle = OUTLINE_UNDER;
    context.stroke(outline);
    context.lineWidth = 2 / scale;
    context.strokeStyle = OUTLINE;
    context.stroke(outline);
}

/**
 * @param {CanvasRenderingContext2D} context in pixels of the image
 * @param {string} text
 * @param {Point} at the middle of its lower edge
 * @param {number} scale
 */
function label(context, text, at, scale) {
    context.font = `600 ${14 / scale}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'bottom';
    context.lineWidth = 3 / scale;
    context.strokeStyle = OUTLINE_UNDER;
    context.strokeText(text, at.x, at.y);
    context.fillStyle = '#ffffff';
    context.fillText(text, at.x, at.y);
}

export class Viewer extends EventTarget {
    #canvas;
    #context;
    #session;
    #overlay = new PixelLayer();
    #windowed = new PixelLayer();
    #enlarged = new Enlarged();
    #overlayStale = true;
    #windowStale = true;
    /** @type {Path2D | null} */
    #outline = null;
    /** Of the possible lesions. @type {Path2D | null} */
    #possible = null;
    #pane = { width: 0, height: 0 };
    #image = { width: 0, height: 0 };
    #marked = false;
    /** The probability map of the overlay. @type {Float32Array | null} */
    #painted = null;
    /** Made when they are shown. @type {{ path: Path2D, margin: number }[] | null} */
    #bands = null;

    transform = new Transform();
    /** @type {ViewSettings} */
    settings = {
        opacity: 0.3,
        outline: true,
        axes: true,
        margin: false,
        map: 'none',
        layout: 'single',
        swipe: 0.5,
        window: { ...FULL_WINDOW },
    };
    /** @type {number} index of the lesion under the pointer in the table; -1 for none */
    highlighted = -1;
    /** Where the brush is, for its ring. @type {{ at: Point, radius: number } | null} */
    brush = null;
    /** The points of the polygon tool. @type {import('../edit/polygon-tool.js').PolygonTool | null} */
    polygon = null;
    /** Measured distances. @type {import('../edit/ruler-tool.js').RulerTool | null} */
    rulers = null;
    /** The boxes of the ultrasound pictures. @type {import('../edit/region-tool.js').RegionTool | null} */
    regions = null;
    /** Whether the region tool is in use. */
    choosesRegions = false;
    /** Writes a distance. @type {(ruler: import('../state/item.js').Ruler) => string} */
    rulerText = () => '';
    /** The box that is being drawn. @type {import('../../wasm/sonomask.js').Box | null} */
    draft = null;
    /** @type {number | null} */
    millimetres = null;

    /**
     * @param {HTMLCanvasElement} canvas
     * @param {Session} session
     */
    constructor(canvas, session) {
        super();
        const context = canvas.getContext('2d');
        if (!context) throw new Error('the browser has no 2D canvas');
        this.#canvas = canvas;
        this.#context = context;
        this.#session = session;
        new ResizeObserver(() => this.#resize()).observe(canvas);
        session.addEventListener('picture', () => this.#newPicture());
        session.addEventListener('answer', () => this.#newAnswer());
        session.addEventListener('paint', () => this.#newAnswer());
        for (const event of ['preview', 'prompts']) session.addEventListener(event, () => this.redraw());
    }

    /** @returns {{ width: number, height: number }} CSS pixels of one pane: half the canvas when side by side */
    get pane() {
        const { width, height } = this.#pane;
        return this.settings.layout === 'side' ? { width: width / 2, height } : { width, height };
    }

    /** @returns {{ width: number, height: number }} */
    get image() {
        return this.#image;
    }

    #resize() {
        const { clientWidth, clientHeight } = this.#canvas;
        if (clientWidth === 0 || clientHeight === 0) return;
        const density = devicePixelRatio || 1;
        this.#pane = { width: clientWidth, height: clientHeight };
        this.#canvas.width = Math.round(clientWidth * density);
        this.#canvas.height = Math.round(clientHeight * density);
        if (this.transform.fitted && this.#image.width > 0) this.transform.fit(this.#image, this.pane);
        this.#draw(); // at once: a resized canvas is blank until drawn
    }

    #newPicture() {
        this.#enlarged.forget(); // frames may be drawn into the same canvas
        const { picture } = this.#session;
        const size = picture ? { width: picture.width, height: picture.height } : { width: 0, height: 0 };
        const sameSize = size.width === this.#image.width && size.height === this.#image.height;
        this.#image = size;
        this.#windowStale = true;
        if (picture && (!sameSize || this.transform.fitted)) this.transform.fit(size, this.pane);
        this.redraw();
    }

    #newAnswer() {
        const { probability } = this.#session;
        // A heat map changes only with the network's answer.
        if (this.settings.map === 'difference' || probability !== this.#painted) this.#overlayStale = true;
        this.#painted = probability;
        this.#bands = null;
        this.#outline = this.#session.contours.length > 0 ? pathOf(this.#session.contours) : null;
        this.#possible = this.#session.possibleContours.length > 0 ? pathOf(this.#session.possibleContours) : null;
        this.redraw();
    }

    /** @param {Partial<ViewSettings>} change */
    set(change) {
        const layout = this.settings.layout;
        Object.assign(this.settings, change);
        if (change.map !== undefined) this.#overlayStale = true;
        if (change.window !== undefined) this.#windowStale = true;
        if (change.layout !== undefined && change.layout !== layout && this.#image.width > 0)
            this.transform.fit(this.#image, this.pane);
        this.redraw();
        this.dispatchEvent(new Event('settings'));
    }

    fit() {
        if (this.#image.width > 0) this.transform.fit(this.#image, this.pane);
        this.#moved();
    }

    /**
     * @param {number} factor
     * @param {Point} [at] in the pane; the middle when left out
     */
    zoom(factor, at = { x: this.pane.width / 2, y: this.pane.height / 2 }) {
        if (this.#image.width === 0) return;
        this.transform.zoom(factor, at, Transform.fitScale(this.#image, this.pane) / 2);
        this.#moved();
    }

    /** One image pixel to one CSS pixel. */
    actualSize() {
        this.zoom(1 / this.transform.scale);
    }

    /**
     * @param {number} dx CSS pixels
     * @param {number} dy
     */
    pan(dx, dy) {
        if (this.#image.width === 0) return;
        this.transform.pan(dx, dy);
        this.#moved();
    }

    #moved() {
        if (!this.transform.fitted) this.transform.clamp(this.#image, this.pane);
        this.redraw();
        this.dispatchEvent(new Event('move'));
    }

    /**
     * @param {Point} point CSS pixels from the canvas' corner
     * @returns {Point} in its pane
     */
    inPane(point) {
        const { width } = this.pane;
        return this.settings.layout === 'side' && point.x >= width ? { x: point.x - width, y: point.y } : point;
    }

    redraw = oncePerFrame(() => this.#draw());

    #draw() {
        const context = this.#context;
        const density = devicePixelRatio || 1;
        context.setTransform(density, 0, 0, density, 0, 0);
        const { width, height } = this.#pane;
        context.clearRect(0, 0, width, height);
        const { picture } = this.#session;
        // Where the picture is there before the pane has been laid out, it is drawn with the pane's first size.
        if (!picture || width === 0 || height === 0) return;
        const { layout, swipe } = this.settings;
        if (layout === 'side') {
            this.#drawPane(0, { left: 0, right: width / 2 }, false);
            this.#drawPane(width / 2, { left: width / 2, right: width }, true);
            this.#line(width / 2, height);
        } else if (layout === 'swipe') {
            this.#drawPane(0, { left: 0, right: width * swipe }, false);
            this.#drawPane(0, { left: width * swipe, right: width }, true);
            this.#line(width * swipe, height);
        } else {
            this.#drawPane(0, { left: 0, right: width }, true);
        }
        drawRuler(context, this.transform, this.pane, picture.height, this.millimetres);
        if (this.#session.mask && !this.#marked) {
            this.#marked = true;
            performance.mark('first-mask'); // for `make bench`
        }
    }

    /**
     * @param {number} x
     * @param {number} height
     */
    #line(x, height) {
        this.#context.fillStyle = 'rgba(240, 248, 245, 0.85)';
        this.#context.fillRect(Math.round(x) - 1, 0, 2, height);
    }

    /**
     * @param {number} origin where the pane begins
     * @param {{ left: number, right: number }} clip
     * @param {boolean} annotated with everything over the image
     */
    #drawPane(origin, clip, annotated) {
        const context = this.#context;
        context.save();
        context.beginPath();
        context.rect(clip.left, 0, clip.right - clip.left, this.#pane.height);
        context.clip();
        const { scale, x, y } = this.transform;
        const density = devicePixelRatio || 1;
        context.setTransform(1, 0, 0, 1, 0, 0);
        const smooth = scale < PIXELS_FROM_SCALE;
        context.drawImage(this.#enlarged.of(this.#picture(), this.transform, this.pane, density, smooth), Math.round(origin * density), 0);
        context.setTransform(density * scale, 0, 0, density * scale, density * (origin + x), density * y);
        context.imageSmoothingEnabled = smooth;
        if (annotated) this.#drawAnnotations(context, scale);
        this.#drawTools(context, scale);
        context.restore();
    }

    /** @returns {CanvasImageSource} the picture, with the user's brightness and contrast */
    #picture() {
        const picture = /** @type {ImageBitmap} */ (this.#session.picture);
        const { window } = this.settings;
        if (window.low === FULL_WINDOW.low && window.high === FULL_WINDOW.high) return picture;
        if (this.#windowStale) {
            const output = this.#windowed.sized(picture.width, picture.height);
            const scratch = new OffscreenCanvas(picture.width, picture.height);
            const context = scratch.getContext('2d', { willReadFrequently: true });
            if (!context) return picture;
            context.drawImage(picture, 0, 0);
            applyWindow(context.getImageData(0, 0, picture.width, picture.height), window, output);
            this.#windowed.show();
            this.#windowStale = false;
            this.#enlarged.forget();
        }
        return this.#windowed.canvas;
    }

    /**
     * @param {CanvasRenderingContext2D} context in pixels of the image
     * @param {number} scale
     */
    #drawAnnotations(context, scale) {
        const { mask, result } = this.#session;
        if (!mask || !result) return;
        const { opacity, outline, axes } = this.settings;
        if (opacity > 0) {
            context.globalAlpha = opacity;
            this.#drawFill(context, result.width, result.height);
            context.globalAlpha = 1;
        }
        context.lineJoin = 'round';
        if (this.settings.margin) drawBands(context, this.#marginBands());
        if (outline && this.#outline) strokeOutline(context, this.#outline, scale);
        if (outline && this.#possible) {
            context.setLineDash([7 / scale, 6 / scale]);
            strokeOutline(context, this.#possible, scale);
            context.setLineDash([]);
            for (const { bbox, centroid } of this.#session.possible)
                label(context, t('lesions.possible'), { x: centroid.x, y: bbox.y - 4 / scale }, scale);
        }
        if (axes) this.#drawAxes(context, scale);
    }

    /**
     * The inside of the outlines, or a map of the pixels.
     * @param {CanvasRenderingContext2D} context
     * @param {number} width
     * @param {number} height
     */
    #drawFill(context, width, height) {
        const { mask, probability, truth } = this.#session;
        const { map } = this.settings;
        const isMap = (map === 'probability' || map === 'uncertainty') && probability !== null;
        if (!isMap && !(map === 'difference' && truth)) {
            context.fillStyle = `rgb(${FILL.join()})`;
            if (this.#outline) context.fill(this.#outline); // holes run the other way
            return;
        }
        if (this.#overlayStale) {
            const layer = this.#overlay.sized(width, height);
            if (isMap) paintMap(probability, map, layer);
            else if (mask && truth) paintDifference(mask, truth, layer);
            this.#overlay.show();
            this.#overlayStale = false;
        }
        context.drawImage(this.#overlay.canvas, 0, 0);
    }

    /** @returns {{ path: Path2D, margin: number }[]} of the lesions that have a margin */
    #marginBands() {
        const { contours, lesions } = this.#session;
        this.#bands ??= pathsByLesion(contours, lesions).flatMap((paths, index) => {
            const margin = lesions[index]?.margin ?? 0;
            const outlines = paths.map(points => ({ points: Float32Array.from(points), isHole: false }));
            return margin > 0 ? [{ path: pathOf(outlines), margin }] : [];
        });
        return this.#bands;
    }

    /**
     * Long and short axis of every lesion, and its number when there are several.
     * @param {CanvasRenderingContext2D} context
     * @param {number} scale
     */
    #drawAxes(context, scale) {
        const { lesions } = this.#session;
        lesions.forEach((lesion, index) => {
            context.globalAlpha = this.highlighted < 0 || this.highlighted === index ? 1 : 0.35;
            context.strokeStyle = '#ffffff';
            context.lineWidth = (this.highlighted === index ? 2 : 1) / scale;
            context.setLineDash([5 / scale, 4 / scale]);
            for (const [from, to] of [lesion.longAxisEnds, lesion.shortAxisEnds]) {
                context.beginPath();
                context.moveTo(from.x, from.y);
                context.lineTo(to.x, to.y);
                context.stroke();
            }
            context.setLineDash([]);
            if (lesions.length > 1) {
                label(context, String(index + 1), { x: lesion.centroid.x, y: lesion.bbox.y - 4 / scale }, scale);
            }
            context.globalAlpha = 1;
        });
    }

    /**
     * @param {CanvasRenderingContext2D} context
     * @param {number} scale
     */
    #drawTools(context, scale) {
        if (this.brush) {
            context.beginPath();
            context.arc(this.brush.at.x, this.brush.at.y, this.brush.radius, 0, 2 * Math.PI);
            context.lineWidth = 3 / scale;
            context.strokeStyle = OUTLINE_UNDER;
            context.stroke();
            context.lineWidth = 1.5 / scale;
            context.strokeStyle = '#ffffff';
            context.stroke();
        }
        this.regions?.draw(context, scale, this.choosesRegions);
        const { edits } = this.#session;
        if (edits) drawPrompts(context, edits.prompts, scale);
        if (this.draft) drawPrompts(context, { box: this.draft }, scale);
        if (this.rulers) drawRulers(context, this.rulers.rulers, this.rulers.chosen, scale, this.rulerText);
        if (this.polygon) drawPolygon(context, this.polygon, scale);
        const { preview } = this.#session;
        if (preview) drawPreview(context, pathOf(preview), scale);
    }
}
