/** Tools, zoom, layout, and the settings of the selected tool. */
import { formatNumber, formatPercent, t } from '../i18n/i18n.js';
import { scaleFor } from '../state/item.js';
import { announce } from '../ui/announce.js';
import { byId, oncePerFrame } from '../ui/dom.js';
import { moveInside } from '../ui/roving.js';
import { areaText } from './measures.js';

/**
 * @typedef {import('../state/session.js').Session} Session
 * @typedef {import('../view/gestures.js').Gestures} Gestures
 * @typedef {import('../view/gestures.js').Tool} Tool
 * @typedef {import('../view/viewer.js').Viewer} Viewer
 */

const ZOOM_STEP = 1.25;
const SWIPE_THUMB = 44; // CSS pixels, as in the style sheet

/**
 * @param {string} root
 * @param {string} name of the data attribute
 * @param {string} value that is on
 */
function press(root, name, value) {
    for (const button of byId(root, HTMLElement).querySelectorAll('button'))
        button.setAttribute('aria-pressed', String(button.dataset[name] === value));
}

export class Toolbar {
    #viewer;
    #gestures;
    #session;

    /**
     * @param {Viewer} viewer
     * @param {Gestures} gestures
     * @param {Session} session
     */
    constructor(viewer, gestures, session) {
        this.#viewer = viewer;
        this.#gestures = gestures;
        this.#session = session;
        for (const button of byId('tools', HTMLElement).querySelectorAll('button'))
            if (button.dataset['tool']) button.addEventListener('click', () => gestures.use(/** @type {Tool} */ (button.dataset['tool'])));
        for (const button of byId('layouts', HTMLElement).querySelectorAll('button'))
            button.addEventListener('click', () =>
                this.setLayout(/** @type {import('../view/viewer.js').ViewSettings['layout']} */ (button.dataset['layout'])));
        const click = (/** @type {string} */ id, /** @type {() => void} */ run) =>
            byId(id, HTMLButtonElement).addEventListener('click', run);
        click('zoom-in', () => viewer.zoom(ZOOM_STEP));
        click('zoom-out', () => viewer.zoom(1 / ZOOM_STEP));
        click('zoom-fit', () => viewer.fit());
        click('zoom-level', () => viewer.actualSize());
        click('undo', () => gestures.undo());
        click('redo', () => gestures.redo());
        click('clear-edits', () => session.clearEdits());
        click('click-inside', () => gestures.setInside(true));
        click('click-outside', () => gestures.setInside(false));
        click('polygon-close', () => gestures.polygon.close());
        click('polygon-remove', () => gestures.polygon.remove());
        click('polygon-done', () => gestures.polygon.cancel());
        for (const button of byId('shapes', HTMLElement).querySelectorAll('button'))
            button.addEventListener('click', () =>
                void session.shape(/** @type {import('../edit/morphology.js').Shaping} */ (button.dataset['shape'])));
        moveInside(/** @type {HTMLElement} */ (byId('tools', HTMLElement).parentElement), '.tool');
        gestures.polygon.addEventListener('change', oncePerFrame(() => this.#renderPolygon()));
        click('window-reset', () => viewer.set({ window: { low: 0, high: 255 } }));
        const size = byId('brush-size', HTMLInputElement);
        size.addEventListener('input', () => gestures.setBrush(size.valueAsNumber));
        const swipe = byId('swipe', HTMLInputElement);
        swipe.addEventListener('input', () => this.#swipeTo(swipe));
        new ResizeObserver(() => this.#swipeTo(swipe)).observe(swipe);
        viewer.addEventListener('move', () => this.#renderZoom());
        viewer.addEventListener('settings', () => this.#renderZoom());
        gestures.addEventListener('tool', () => {
            this.render();
            byId('context', HTMLElement).scrollIntoView({ block: 'nearest' }); // on a phone they may be below the screen
        });
        gestures.addEventListener('cursor', () => this.#sayCursor());
        session.addEventListener('picture', () => this.#renderZoom());
        for (const event of ['answer', 'prompts', 'regions']) session.addEventListener(event, () => this.#renderEdits());
        session.addEventListener('edited', () => this.#sayOutlines());
    }

    /** @param {import('../view/viewer.js').ViewSettings['layout']} layout */
    setLayout(layout) {
        byId('swipe', HTMLInputElement).hidden = layout !== 'swipe';
        this.#viewer.set({ layout });
        press('layouts', 'layout', layout);
    }

    /**
     * Draws the line under the middle of the thumb. The thumb's range is the slider's width less its own width.
     * @param {HTMLInputElement} slider
     */
    #swipeTo(slider) {
        const width = slider.clientWidth;
        if (width === 0) return;
        this.#viewer.set({ swipe: (SWIPE_THUMB / 2 + slider.valueAsNumber * (width - SWIPE_THUMB)) / width });
    }

    #renderZoom() {
        const text = formatPercent(this.#viewer.transform.scale);
        const level = byId('zoom-level', HTMLButtonElement);
        level.textContent = text;
        level.setAttribute('aria-label', t('zoom.level', { level: text }));
    }

    #renderEdits() {
        const { edits } = this.#session;
        const { canUndo, canRedo } = this.#gestures.steps;
        byId('undo', HTMLButtonElement).disabled = !canUndo;
        byId('redo', HTMLButtonElement).disabled = !canRedo;
        byId('clear-edits', HTMLButtonElement).disabled = !edits?.any;
        for (const button of byId('shapes', HTMLElement).querySelectorAll('button')) button.disabled = this.#session.lesions.length === 0;
    }

    #renderPolygon() {
        const { points, drawing, closed, chosen } = this.#gestures.polygon;
        byId('polygon-close', HTMLButtonElement).disabled = !drawing || points.length < 3;
        byId('polygon-remove', HTMLButtonElement).disabled = !drawing && !(closed && chosen >= 0 && points.length > 3);
        byId('polygon-done', HTMLButtonElement).disabled = points.length === 0;
        const hint = byId('polygon-hint', HTMLElement);
        hint.textContent = t(drawing ? 'polygon.drawing' : closed ? 'polygon.editing' : 'polygon.hint');
        hint.title = hint.textContent;
        this.#renderEdits();
    }

    /** What an edit has led to, for those who do not see it. */
    #sayOutlines() {
        const { item, lesions } = this.#session;
        const [largest] = [...lesions].sort((a, b) => b.area - a.area);
        const area = item && largest ? areaText(largest.area, scaleFor(item, largest.bbox)) : '';
        announce(largest ? t('lesions.outlined', { count: lesions.length, area }) : t('lesions.none'));
    }

    #sayCursor() {
        const { cursor } = this.#gestures;
        if (cursor) announce(t('viewer.cursor', { x: Math.round(cursor.x), y: Math.round(cursor.y) }));
    }

    /** The click tool, which needs weights that take clicks. */
    #renderClickTool() {
        const button = byId('tool-click', HTMLButtonElement);
        const takesClicks = this.#session.takesClicks;
        const text = t(takesClicks === false ? 'tool.clickRefused' : 'tool.click');
        button.disabled = !takesClicks;
        button.title = text;
        button.setAttribute('aria-label', text);
        const { inside } = this.#gestures;
        byId('click-inside', HTMLButtonElement).setAttribute('aria-pressed', String(inside));
        byId('click-outside', HTMLButtonElement).setAttribute('aria-pressed', String(!inside));
    }

    render() {
        const { tool, brushRadius } = this.#gestures;
        this.#renderClickTool();
        byId('tool-region', HTMLButtonElement).disabled = !this.#gestures.region;
        press('tools', 'tool', tool);
        press('layouts', 'layout', this.#viewer.settings.layout);
        byId('canvas', HTMLCanvasElement).dataset['tool'] = tool;
        for (const part of document.querySelectorAll('.context-part[data-for]'))
            /** @type {HTMLElement} */ (part).hidden = !part.getAttribute('data-for')?.split(' ').includes(tool);
        byId('context', HTMLElement).dataset['for'] = tool;
        byId('brush-size', HTMLInputElement).value = String(brushRadius);
        byId('brush-size-text', HTMLOutputElement).textContent = t('unit.px', { value: formatNumber(brushRadius * 2) });
        this.#renderZoom();
        this.#renderPolygon();
    }
}
