/** The list of pictures with their states, the progress of the batch, and the means of a compared batch. */
import { formatNumber, t } from '../i18n/i18n.js';
import { announce } from '../ui/announce.js';
import { byId, element, icon, oncePerFrame } from '../ui/dom.js';
import { shortened } from '../ui/names.js';
import { summaryOf } from '../compare/summary.js';
import { summaryLines } from './compare.js';
import { doubtOf, findingOf, headline, swatchOf, typeWords } from './words.js';

/**
 * @typedef {import('../engine/queue.js').Queue} Queue
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/store.js').Store} Store
 */

/** Event: "remove", when the user wants an item removed. */
export class List extends EventTarget {
    #root = byId('list', HTMLUListElement);
    #store;
    #queue;
    /** @type {Map<Item, HTMLLIElement>} */
    #rows = new Map();
    #wasBusy = false;

    /**
     * @param {Store} store
     * @param {Queue} queue
     */
    constructor(store, queue) {
        super();
        this.#store = store;
        this.#queue = queue;
        store.addEventListener('list', () => this.#arrange());
        store.addEventListener('select', () => this.#markSelected());
        store.addEventListener('item', event => this.#update(/** @type {CustomEvent<Item>} */ (event).detail));
        queue.addEventListener('progress', oncePerFrame(() => this.#renderBatch()));
        byId('batch-cancel', HTMLButtonElement).addEventListener('click', () => queue.cancelAll());
        this.#root.addEventListener('keydown', event => this.#key(event));
    }

    render() {
        this.#arrange();
        for (const item of this.#rows.keys()) this.#update(item);
    }

    /** Adds rows for new items and removes those of removed items. Rows that are in their place already are not touched. */
    #arrange() {
        const { shown: items } = this.#store;
        const kept = new Set(items);
        for (const [item, row] of this.#rows) {
            if (kept.has(item)) continue;
            row.remove();
            this.#rows.delete(item);
        }
        let place = this.#root.firstElementChild;
        for (const item of items) {
            const known = this.#rows.get(item);
            const row = known ?? element('li', { class: 'row' });
            if (row === place) place = row.nextElementSibling;
            else this.#root.insertBefore(row, place);
            if (known) continue;
            this.#rows.set(item, row);
            this.#update(item);
        }
        this.#markSelected();
        this.#renderBatch();
    }

    /** @param {Item} item whose row shows something new */
    refresh(item) {
        this.#update(item);
    }

    /** @param {Item} item */
    #update(item) {
        const row = this.#rows.get(item);
        if (!row) return;
        row.dataset['state'] = item.state;
        row.dataset['review'] = item.review.state;
        const focused = row.contains(document.activeElement) ? document.activeElement : null;
        const wasButton = focused?.classList.contains('tool') ? '.tool' : '.row-main';
        const state = element('span', { class: 'row-state' });
        state.dataset['state'] = item.state;
        state.append(...stateParts(item));
        if (item.problem) state.title = state.textContent; // a long reason is cut in the list
        const main = element(
            'button',
            { type: 'button', class: 'row-main', onclick: () => this.#store.select(item) },
            element('span', { class: 'row-picture' }, item.thumbnail ?? (item.state === 'failed' ? icon('warning') : null)),
            element('span', {}, shortened(item.name, item.path), state),
        );
        row.replaceChildren(main, this.#rowButton(item));
        if (focused) /** @type {HTMLElement | null} */ (row.querySelector(wasButton))?.focus();
    }

    /** @param {Item} item */
    #rowButton(item) {
        const busy = item.state === 'waiting' || item.state === 'running';
        const again = item.state === 'cancelled';
        const key = busy ? 'list.cancel' : again ? 'list.retry' : 'list.remove';
        const label = t(key, { name: item.name });
        const act = () => {
            if (busy) {
                this.#queue.cancel(item);
            } else if (again) {
                item.state = 'waiting';
                this.#store.changed(item);
                this.#queue.wake();
            } else {
                this.dispatchEvent(new CustomEvent('remove', { detail: item }));
            }
        };
        return element(
            'button',
            { type: 'button', class: 'tool tool-small', 'aria-label': label, title: label, onclick: act },
            icon(again ? 'retry' : 'close'),
        );
    }

    #markSelected() {
        for (const [item, row] of this.#rows) {
            if (item === this.#store.selected) {
                row.setAttribute('aria-current', 'true');
                // The first row of a new list is in view; scrolling to it would force a layout of all rows.
                if (item !== this.#store.shown[0] || this.#root.contains(document.activeElement))
                    row.scrollIntoView({ block: 'nearest', inline: 'nearest' });
            } else {
                row.removeAttribute('aria-current');
            }
        }
    }

    /** @param {KeyboardEvent} event */
    #key(event) {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (!step || !(event.target instanceof Element) || !event.target.classList.contains('row-main')) return;
        event.preventDefault();
        this.#store.selectBeside(step);
        const row = this.#store.selected ? this.#rows.get(this.#store.selected) : null;
        /** @type {HTMLElement | null | undefined} */ (row?.querySelector('.row-main'))?.focus();
    }

    #renderBatch() {
        const { finished, total, secondsLeft } = this.#queue.progress;
        const counts = this.#store.count();
        const busy = counts.waiting + counts.running > 0;
        byId('batch', HTMLElement).hidden = !busy;
        if (busy) {
            byId('batch-bar', HTMLProgressElement).value = total > 0 ? finished / total : 0;
            const left = secondsLeft === null ? '' : ` · ${t('list.left', { time: durationText(secondsLeft) })}`;
            byId('batch-text', HTMLElement).textContent = t('list.of', { done: finished, total }) + left;
        } else if (this.#wasBusy && this.#store.items.length > 0) {
            announce(t('list.finished', { done: counts.done, failed: counts.failed }));
        }
        this.#wasBusy = busy;
        this.renderComparison();
    }

    /** The scores of all pictures that have a ground truth. */
    renderComparison() {
        const summary = summaryOf(this.#store.items);
        byId('batch-compare', HTMLElement).hidden = summary === null || this.#store.items.length < 2;
        if (summary) byId('batch-scores', HTMLElement).replaceChildren(...summaryLines(summary).map(line => element('p', {}, line)));
    }
}

/**
 * @param {number} seconds
 * @returns {string}
 */
function durationText(seconds) {
    if (seconds < 90) return t('time.seconds', { count: Math.max(1, Math.round(seconds)) });
    return t('time.minutes', { count: Math.round(seconds / 60) });
}

/**
 * @param {Item} item
 * @returns {(Node | string)[]}
 */
function stateParts(item) {
    const { result, problem } = item;
    if (item.state === 'failed' && problem) return [t(problem.key, { detail: problem.detail })];
    if (item.state !== 'done' || !result) return [t(`state.${item.state}`)];
    const scores = item.truth?.scores;
    const dice = scores && !scores.normal ? ` · Dice ${formatNumber(scores.dice, 2)}` : '';
    const finding = findingOf(result);
    const colour = swatchOf(result);
    const swatch = colour ? element('span', { class: `swatch swatch-${colour}` }) : '';
    const words = finding === result.type ? typeWords(result) : headline(result);
    const possible = result.possible.length > 0 ? ` · ${t('lesions.possible')}` : '';
    const answer = words + possible + dice;
    const doubt = doubtOf(item) ? element('span', { class: 'doubt' }, icon('warning'), t('list.doubt')) : '';
    const { review } = item;
    if (review.state === 'open') return [swatch, answer, doubt];
    // What the reader decided comes first; the network's answer stays in the panel.
    const type = review.type ? ` · ${t(`class.${review.type}`)}` : '';
    const birads = review.birads ? ` · BI-RADS ${review.birads}` : '';
    return [element('span', { class: `mark mark-${review.state}` }, t(`review.${review.state}`)), review.type ? type + birads + dice : ` · ${answer}${birads}`, doubt];
}
