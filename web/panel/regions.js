/** The buttons of the region tool, its messages, and the offer to extend a region to a click beside it. */
import { extended } from '../edit/boxes.js';
import { RegionTool } from '../edit/region-tool.js';
import { regionText } from '../i18n/regions.js';
import { byId, element, oncePerFrame } from '../ui/dom.js';

/**
 * What this module must share with the page, see late.js.
 * @typedef {object} Page
 * @property {import('../state/session.js').Session} session
 * @property {import('../state/store.js').Store} store
 * @property {import('../view/viewer.js').Viewer} viewer
 * @property {import('../view/gestures.js').Gestures} gestures
 * @property {() => string} language
 * @property {(listener: () => void) => void} onLanguage
 * @property {typeof import('../ui/announce.js').announce} announce
 * @property {typeof import('../ui/announce.js').notify} notify
 * @property {typeof import('../ui/announce.js').offer} offer
 */

/**
 * @param {Page} page
 * @returns {RegionTool}
 */
export function startRegions({ session, store, viewer, gestures, language, onLanguage, announce, notify, offer }) {
    const tool = new RegionTool(session);
    /** @type {typeof regionText extends (language: string, ...rest: infer R) => string ? (...rest: R) => string : never} */
    const text = (key, values) => regionText(language(), key, values);

    const actions = {
        auto: () => tool.set(null),
        whole: () => tool.set('whole'),
        add() {
            if (!tool.add()) notify(text('full'), 'problem');
        },
        remove: () => tool.remove(),
        all() {
            const { item, result } = session;
            if (!item || !result) return;
            const same = store.items.filter(other => {
                const known = other.result ?? [...other.results.values()][0];
                return known?.width === result.width && known.height === result.height;
            });
            tool.setAll(same);
            notify(text('allDone', { count: same.length }));
        },
    };
    /** @typedef {keyof typeof actions} Action */
    const names = /** @type {Action[]} */ (Object.keys(actions));
    const buttons = names.map(name =>
        element('button', { type: 'button', class: name === 'all' ? 'link' : 'button button-small', id: `region-${name}`, onclick: actions[name] }));
    const [auto = null, whole = null, ...others] = buttons;
    const part = element('div', { class: 'context-part', 'data-for': 'region', role: 'group' }, element('div', { class: 'choice' }, auto, whole), ...others);
    const hint = element('span');
    const hintPart = element('div', { class: 'context-part context-hint', 'data-for': 'region' }, hint);
    part.hidden = gestures.tool !== 'region';
    hintPart.hidden = part.hidden;
    byId('context', HTMLElement).append(part, hintPart);

    const render = () => {
        names.forEach((name, index) => {
            const button = buttons[index];
            if (button) button.textContent = text(name);
        });
        part.setAttribute('aria-label', text('name'));
        hint.textContent = text('hint');
        hint.title = hint.textContent;
        const chosen = session.item?.regions ?? null;
        byId('region-auto', HTMLButtonElement).setAttribute('aria-pressed', String(chosen === null));
        byId('region-whole', HTMLButtonElement).setAttribute('aria-pressed', String(chosen === 'whole'));
        byId('region-remove', HTMLButtonElement).disabled = tool.boxes.length === 0 || tool.isWhole;
    };
    const say = () => {
        const box = tool.boxes[tool.chosen];
        if (box) announce(text('said', { number: tool.chosen + 1, count: tool.boxes.length, ...box }));
    };
    const renderSoon = oncePerFrame(() => {
        render();
        viewer.redraw();
    });
    tool.addEventListener('change', renderSoon);
    gestures.addEventListener('tool', renderSoon);
    gestures.addEventListener('region', say);
    onLanguage(render);

    session.addEventListener('outside', event => {
        const { place, apply } = /** @type {CustomEvent<import('../state/session.js').Outside>} */ (event).detail;
        const { item, result } = session;
        if (!item || !result) return;
        const grown = extended(tool.boxes, place, result);
        const run = () => {
            if (item !== session.item) return;
            apply();
            tool.set(grown);
        };
        offer('region', text('outside'), [{ label: text(grown === 'whole' ? 'wholeInstead' : 'extend'), run }]);
    });
    render();
    return tool;
}
