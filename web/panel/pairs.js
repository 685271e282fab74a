/** Masks without an image, masks that were not compared, and images without a mask; masks are paired by hand here. */
import { t } from '../i18n/i18n.js';
import { byId, element, oncePerFrame, openDialog } from '../ui/dom.js';

/**
 * @typedef {import('../state/intake.js').Intake} Intake
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/store.js').Store} Store
 */

export class Pairs {
    #dialog = byId('pairs', HTMLDialogElement);
    #store;
    #intake;
    #renderSoon = oncePerFrame(() => this.render());

    /**
     * @param {Store} store
     * @param {Intake} intake
     * @param {EventTarget} comparer
     */
    constructor(store, intake, comparer) {
        this.#store = store;
        this.#intake = intake;
        intake.addEventListener('unpaired', () => this.render());
        store.addEventListener('list', () => this.render());
        // Whether a mask can be compared is found out after its image was analysed.
        store.addEventListener('item', this.#renderSoon);
        comparer.addEventListener('scores', this.#renderSoon);
        for (const id of ['compare-pairs', 'batch-pairs'])
            byId(id, HTMLButtonElement).addEventListener('click', () => {
                openDialog(this.#dialog);
                this.render();
            });
    }

    render() {
        const { items } = this.#store;
        const { unpaired } = this.#intake;
        const withMask = items.filter(({ truth }) => truth);
        const refused = withMask.filter(({ truth }) => truth?.problem);
        const without = withMask.length > 0 || unpaired.length > 0 ? items.filter(({ truth }) => !truth) : [];
        const open = unpaired.length + refused.length > 0;
        for (const id of ['compare-pairs', 'batch-pairs']) {
            byId(id, HTMLButtonElement).hidden = !open && (withMask.length === 0 || without.length === 0);
            byId(id, HTMLButtonElement).textContent = open ? t('pairs.open', { count: unpaired.length + refused.length }) : t('pairs.title');
        }
        if (!this.#dialog.open) return;
        const focused = this.#dialog.contains(document.activeElement);
        const choices = () => [element('option', { value: '' }, t('pairs.choose')), ...without.map(item => element('option', { value: String(item.id) }, item.path))];
        const rows = [
            ...unpaired.map(({ mask, reason }) => {
                const pick = element('select', { 'aria-label': t('pairs.for', { name: mask.path }) }, ...choices());
                pick.addEventListener('change', () => {
                    const item = items.find(({ id }) => String(id) === pick.value);
                    if (item) this.#intake.pair(item, mask);
                });
                return rowOf(mask.path, t(`pairs.${reason}`), pick);
            }),
            ...refused.map(item => rowOf(item.path, t(item.truth?.problem ?? 'compare.waiting'), '')),
            ...without.map(item => rowOf(item.path, t('pairs.without'), '')),
        ];
        const head = element('tr', {}, ...['pairs.file', 'pairs.why', 'pairs.by'].map(key => element('th', { scope: 'col' }, t(/** @type {import('../i18n/i18n.js').Key} */ (key)))));
        byId('pairs-table', HTMLElement).replaceChildren(
            rows.length > 0 ? element('table', { class: 'pairs' }, element('thead', {}, head), element('tbody', {}, ...rows)) : element('p', {}, t('pairs.all')),
        );
        if (focused) /** @type {HTMLElement | null} */ (this.#dialog.querySelector('select, [data-close]'))?.focus();
    }
}

/**
 * @param {string} name
 * @param {string} reason
 * @param {Node | string} choice
 */
function rowOf(name, reason, choice) {
    return element('tr', {}, element('th', { scope: 'row' }, element('bdi', {}, name)), element('td', {}, reason), element('td', {}, choice));
}
