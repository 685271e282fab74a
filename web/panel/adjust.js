/** Threshold, opacity and overlays. */
import { formatNumber, formatPercent, t } from '../i18n/i18n.js';
import { byId, element } from '../ui/dom.js';

/**
 * @typedef {import('../state/session.js').Session} Session
 * @typedef {import('../view/viewer.js').ViewSettings} ViewSettings
 * @typedef {import('../view/viewer.js').Viewer} Viewer
 */

export class Adjust {
    #session;
    #viewer;
    #threshold = byId('threshold', HTMLInputElement);
    #opacity = byId('opacity', HTMLInputElement);
    #map = byId('map', HTMLSelectElement);

    /**
     * @param {Session} session
     * @param {Viewer} viewer
     * @param {(threshold: number | null) => void} useForAll null: the network's threshold
     * @param {(kept: 0.8 | 0.9 | 0.95) => void} usePoint
     */
    constructor(session, viewer, useForAll, usePoint) {
        this.#session = session;
        this.#viewer = viewer;
        this.#threshold.addEventListener('input', () => {
            session.setThreshold(this.#threshold.valueAsNumber);
            this.#renderThreshold();
        });
        byId('threshold-reset', HTMLButtonElement).addEventListener('click', () => {
            session.resetThreshold();
            this.render();
        });
        byId('threshold-all', HTMLButtonElement).addEventListener('click', () => useForAll(session.item?.threshold ?? null));
        this.#opacity.addEventListener('input', () => {
            viewer.set({ opacity: this.#opacity.valueAsNumber });
            this.#renderOpacity();
        });
        this.#map.addEventListener('change', () => this.setMap(/** @type {ViewSettings['map']} */ (this.#map.value)));
        for (const name of /** @type {const} */ (['outline', 'axes', 'margin'])) {
            const box = byId(name, HTMLInputElement);
            box.addEventListener('change', () => {
                viewer.set({ [name]: box.checked });
                this.render();
            });
        }
        const point = byId('point', HTMLSelectElement);
        point.addEventListener('change', () => usePoint(/** @type {0.8 | 0.9 | 0.95} */ (Number(point.value))));
        session.addEventListener('answer', () => {
            if (session.item) this.render();
        });
    }

    /** @param {ViewSettings['map']} map */
    setMap(map) {
        const wasPlain = this.#viewer.settings.map === 'none';
        this.#viewer.set({ map });
        // A heat map needs more opacity than a fill.
        if (wasPlain !== (map === 'none')) this.#viewer.set({ opacity: map === 'none' ? 0.3 : 0.7 });
        this.render();
    }

    /** Hides or shows outline, axes and fill. */
    toggleOverlay() {
        const shown = this.#viewer.settings.outline || this.#viewer.settings.opacity > 0;
        this.#viewer.set({ outline: !shown, axes: !shown, opacity: shown ? 0 : 0.3 });
        this.render();
    }

    #renderThreshold() {
        byId('threshold-text', HTMLOutputElement).textContent = formatNumber(this.#threshold.valueAsNumber, 2);
    }

    #renderOpacity() {
        byId('opacity-text', HTMLOutputElement).textContent = formatPercent(this.#opacity.valueAsNumber);
    }

    render() {
        const { settings } = this.#viewer;
        const hasTruth = this.#session.truth !== null;
        byId('map-difference', HTMLOptionElement).disabled = !hasTruth;
        if (settings.map === 'difference' && !hasTruth && this.#session.mask) this.#viewer.set({ map: 'none', opacity: 0.3 });
        this.#threshold.disabled = !this.#session.mask;
        this.#threshold.value = String(this.#session.threshold);
        this.#opacity.value = String(settings.opacity);
        this.#map.value = settings.map;
        byId('outline', HTMLInputElement).checked = settings.outline;
        byId('axes', HTMLInputElement).checked = settings.axes;
        byId('threshold-reset', HTMLButtonElement).disabled = (this.#session.item?.threshold ?? null) === null;
        this.#renderThreshold();
        this.#renderOpacity();
        this.#renderLegend();
        this.#renderDecision();
    }

    /** The operating points and the margin, which not all weights hold. */
    #renderDecision() {
        const { operatingPoints, operatingPoint } = this.#session;
        byId('point-field', HTMLElement).hidden = byId('margin-check', HTMLElement).hidden = operatingPoints.length === 0;
        byId('margin-help', HTMLElement).hidden = operatingPoints.length === 0 || !this.#viewer.settings.margin;
        byId('margin', HTMLInputElement).checked = this.#viewer.settings.margin;
        byId('point-help', HTMLElement).textContent = t('adjust.pointHelp');
        const select = byId('point', HTMLSelectElement);
        const options = [...operatingPoints].reverse().map(({ kept, missedBound }) => ({
            value: String(Number(kept.toFixed(2))), // a float32 in the weights
            text: t('adjust.pointOption', { kept: formatPercent(kept), missed: formatPercent(missedBound) }),
        }));
        // Options are not made again while the list may be open.
        if (options.map(({ text }) => text).join() !== [...select.options].map(({ text }) => text).join())
            select.replaceChildren(...options.map(({ value, text }) => element('option', { value }, text)));
        select.value = String(operatingPoint);
    }

    #renderLegend() {
        const legend = byId('map-legend', HTMLElement);
        const { map } = this.#viewer.settings;
        legend.hidden = map === 'none';
        if (map === 'difference') {
            const keys = /** @type {const} */ (['both', 'ours', 'truth']);
            legend.replaceChildren(...keys.map(key => element('span', { class: `legend-key key-${key}` }, t(`legend.${key}`))));
        } else if (map !== 'none') {
            legend.replaceChildren(
                element('span', {}, t(`legend.${map}Low`)),
                element('span', { class: 'legend-ramp' }),
                element('span', {}, t(`legend.${map}High`)),
            );
        }
    }
}
