/**
 * Whether the work is kept: on this machine when the user agreed, in a session file, or not at all. Warns before the page
 * closes with work that is not.
 */
import { exportNames } from '../export/names.js';
import { currentLanguage, t } from '../i18n/i18n.js';
import { workOf } from '../session/work.js';
import { announce, notify } from '../ui/announce.js';
import { byId, element, oncePerFrame, saveFile } from '../ui/dom.js';
import { late } from '../ui/late.js';

/**
 * @typedef {import('../session/format.js').SavedSession} SavedSession
 * @typedef {import('../session/format.js').SessionError} SessionError
 * @typedef {import('../session/storage.js').WorkStore} WorkStore
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/store.js').Store} Store
 */

const KEY = 'sonomask-keep';

/** @param {string | null} value null removes it */
function remember(value) {
    try {
        if (value === null) localStorage.removeItem(KEY);
        else localStorage.setItem(KEY, value);
    } catch {
        // Without storage nothing is kept either.
    }
}

/** @returns {boolean} whether the user agreed at an earlier visit */
function agreed() {
    try {
        return localStorage.getItem(KEY) !== null;
    } catch {
        return false;
    }
}

/**
 * Errors of the late library are of its own class, so they are told by their fields.
 * @param {unknown} error
 * @returns {string}
 */
export function reasonOf(error) {
    const { key, detail } = /** @type {any} */ (error)?.problem ?? error ?? {};
    if (error instanceof Error && key !== undefined && detail !== undefined)
        return t(/** @type {import('../i18n/i18n.js').Key} */ (key), { detail: String(detail) });
    return t('problem.unknown', { detail: error instanceof Error ? error.message : String(error) });
}

export class Keep {
    #root = byId('keep', HTMLElement);
    #store;
    #facts;
    #settle;
    /** @type {WorkStore | null} */
    #kept = null;
    /** @type {unknown} */
    #problem = null;
    /** Whether the store is being opened. */
    #busy = false;
    /** Puts kept items into the list; null: the network is not loaded. @type {((session: SavedSession & { images: Map<string, Blob> }) => Item[]) | null} */
    #show = null;
    /** Names of the kept files of items that are in the list again, and of those that cannot be read; null: nothing was read. @type {{ keys: Map<Item, string>, lost: string[] } | null} */
    #restored = null;
    /** Items that may have changed since they were saved. @type {Set<Item>} */
    #touched = new Set();
    /** The work of an item when it was saved. @type {WeakMap<Item, string>} */
    #saved = new WeakMap();

    /**
     * @param {Store} store
     * @param {() => { model: string, reader: string, operatingPoint: number }} facts SHA-256 of the weights, the reader's name, and the
     *     operating point
     * @param {() => Promise<void>} settle waits until edits have their answers
     */
    constructor(store, facts, settle) {
        this.#store = store;
        this.#facts = facts;
        this.#settle = settle;
        store.addEventListener('item', event => this.touch(/** @type {CustomEvent<Item>} */ (event).detail));
        for (const event of ['list', 'select']) store.addEventListener(event, () => this.#kept?.touchList());
        store.addEventListener('list', () => this.renderSoon());
        addEventListener('beforeunload', event => {
            if (this.unsaved.length === 0) return;
            event.preventDefault();
            Reflect.set(event, 'returnValue', true); // Safari looks at this
        });
        // The last chance on a phone, where pages end without a question.
        document.addEventListener('visibilitychange', () => void this.#kept?.flush());
        byId('session-save', HTMLButtonElement).addEventListener('click', () => void this.saveSession());
    }

    /** @param {Item} item that changed */
    touch(item) {
        this.#touched.add(item);
        this.#kept?.touch(item);
        this.renderSoon();
    }

    /** @returns {Item[]} items of the list with work that would be lost */
    get unsaved() {
        const listed = new Set(this.#store.items);
        if (this.#kept?.current) this.markSaved([...this.#touched].filter(item => listed.has(item)));
        // An item that was removed may come back by undo.
        for (const item of this.#touched) if (workOf(item) === (this.#saved.get(item) ?? '')) this.#touched.delete(item);
        return [...this.#touched].filter(item => listed.has(item));
    }

    /** @param {Item[]} items whose work is saved as it is now */
    markSaved(items) {
        for (const item of items) {
            this.#saved.set(item, workOf(item));
            this.#touched.delete(item);
        }
    }

    /**
     * Opens the store when the user agreed at an earlier visit.
     * @param {(session: SavedSession & { images: Map<string, Blob> }) => Item[]} show gives the items in the same order
     */
    async restore(show) {
        this.#show = show;
        if (!agreed()) {
            this.render();
            return;
        }
        await this.#open();
    }

    /** The user agrees: everything is kept on this machine from now on, beside what another tab kept meanwhile. */
    async agree() {
        if (!this.#show) {
            // What is kept cannot be read yet: `restore` opens it.
            remember('1');
            this.render();
            return;
        }
        await this.#open();
        // Otherwise the browser may remove the files when space is short.
        if (this.#kept) await navigator.storage.persist?.().catch(() => false);
    }

    /**
     * Reads what is kept and shows it. Files of items that are not shown are removed by `start`, so this comes before it.
     * @param {WorkStore} kept
     * @returns {Promise<{ keys: Map<Item, string>, lost: string[] }>}
     */
    async #restore(kept) {
        const session = await kept.load();
        if (!session || !this.#show) return { keys: new Map(), lost: [] };
        const wasEmpty = this.#store.items.length === 0;
        const items = this.#show(session);
        if (session.lost.length > 0) notify(t('keep.unreadable', { count: session.lost.length }), 'problem');
        const selected = items[session.selected];
        if (selected && wasEmpty) this.#store.select(selected);
        if (items.length > 0) announce(t('keep.back', { count: items.length }));
        this.#restored = { keys: new Map(items.map((item, index) => [item, session.keys[index] ?? ''])), lost: session.lost };
        return this.#restored;
    }

    async #open() {
        if (this.#busy || this.#kept) return;
        this.#busy = true;
        /** @type {WorkStore | null} */
        let kept = null;
        try {
            const { WorkStore } = await late();
            kept = await WorkStore.open();
            // A second try does not show the items again.
            const { keys, lost } = this.#restored ?? (await this.#restore(kept));
            kept.addEventListener('state', () => this.renderSoon());
            await kept.start(() => ({ items: this.#store.items, selected: this.#store.selected, ...this.#facts() }), keys, lost);
            this.#kept = kept;
            this.#problem = null;
            remember('1');
            kept.touchList();
        } catch (error) {
            kept?.close();
            this.#problem = error;
            notify(reasonOf(error), 'problem');
        }
        this.#busy = false;
        this.render();
    }

    /** Removes everything that is kept on this machine. The images stay in the list. */
    async forget() {
        const kept = this.#kept;
        this.#kept = null;
        this.#restored = null;
        this.#problem = null;
        remember(null);
        for (const item of this.#store.items) {
            this.#saved.delete(item);
            this.#touched.add(item);
        }
        try {
            if (kept) await kept.forget();
            else await (await late()).forgetWork();
            notify(t('keep.forgotten'));
        } catch (error) {
            this.#problem = error;
        }
        this.render();
        this.#root.querySelector('button')?.focus();
    }

    /** Saves everything as one file. */
    async saveSession() {
        const { items } = this.#store;
        const button = byId('session-save', HTMLButtonElement);
        if (items.length === 0 || button.getAttribute('aria-busy')) return;
        button.setAttribute('aria-busy', 'true');
        const progress = byId('save-progress', HTMLElement);
        const show = (/** @type {number} */ done, /** @type {number} */ total) => {
            progress.textContent = t('save.progress', { done, total });
            progress.hidden = total < 2;
        };
        try {
            await this.#settle();
            const { checksumOf, headJson, toJson, writeSession } = await late();
            const names = await exportNames(items, byId('save-names', HTMLInputElement).checked);
            const withImages = byId('session-images', HTMLInputElement).checked;
            /** @type {[string, Blob][]} */
            const images = [];
            const records = [];
            for (const [item, { stem, file, hidden }] of names) {
                show(records.length, items.length);
                await checksumOf(item);
                const image = withImages && item.state !== 'missing' ? `images/${stem}${/\.[^.]+$/.exec(hidden ? '' : item.name)?.[0] ?? ''}` : '';
                if (image) images.push([image, item.file]);
                records.push(toJson(item, { name: file, path: hidden ? file : item.path, image, thumbnail: withImages }));
            }
            const blob = await writeSession({ ...headJson(this.#facts()), items: records }, images, show);
            saveFile(blob, `sonomask-${new Date().toISOString().slice(0, 10)}.sonomask`);
            this.markSaved(withImages ? items : items.filter(({ onlyHere }) => !onlyHere));
            announce(t('save.done', { what: t('session.save') }));
        } catch (error) {
            notify(t('save.failed', { detail: reasonOf(error) }), 'problem');
        }
        progress.hidden = true;
        button.removeAttribute('aria-busy');
        this.render();
    }

    renderSoon = oncePerFrame(() => this.#later());
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;

    /** Finding out what is not saved reads whole layers of edits, so it waits for a pause. */
    #later() {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.render(), 400);
    }

    render() {
        const kept = this.#kept;
        const problem = kept?.problem ?? this.#problem;
        const unsaved = problem || !kept ? this.unsaved.length : 0;
        this.#root.hidden = this.#store.items.length === 0 && !problem;
        this.#root.dataset['state'] = problem ? 'problem' : unsaved > 0 ? 'unsaved' : kept ? 'kept' : 'off';
        const words = [];
        if (problem) words.push(reasonOf(problem));
        else if (kept) words.push(kept.saved ? t('keep.saved', { time: timeOf(kept.saved) }) : t('keep.saving'));
        const [bare] = kept?.withoutImage ?? [];
        if (kept && bare) words.push(t('keep.withoutImage', { count: kept.withoutImage.length, name: bare.name }));
        if (unsaved > 0) words.push(t('keep.unsaved', { count: unsaved }));
        const waiting = !kept && !problem && agreed() && (this.#busy || !this.#show);
        if (waiting) words.push(t('keep.waiting'));
        else if (!kept && !problem && unsaved === 0) words.push(t('keep.off'));
        const choices = [
            ...(kept || waiting ? [] : [{ id: 'keep-agree', label: t(problem ? 'engine.again' : 'keep.agree'), run: () => void (problem ? this.#again() : this.agree()) }]),
            ...(unsaved > 0 ? [{ id: 'keep-session', label: t('keep.session'), run: () => void this.saveSession() }] : []),
            ...(kept || problem ? [{ id: 'keep-forget', label: t('keep.forget'), run: () => void this.forget() }] : []),
        ];
        const signature = JSON.stringify([words, choices.map(({ label }) => label)]);
        if (this.#root.dataset['shown'] === signature) return;
        this.#root.dataset['shown'] = signature;
        const focused = this.#root.contains(document.activeElement) ? document.activeElement?.id : undefined;
        this.#root.replaceChildren(
            element('p', {}, words.join(' ')),
            ...choices.map(({ id, label, run }) => element('button', { type: 'button', class: 'link', id, onclick: run }, label)),
        );
        if (focused) (document.getElementById(focused) ?? this.#root.querySelector('button'))?.focus();
    }

    /** Tries again what failed. */
    async #again() {
        if (agreed()) await this.#open();
        else await this.agree();
    }
}

/** @param {Date} date */
function timeOf(date) {
    return date.toLocaleTimeString(`${currentLanguage()}-u-nu-latn`, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}
