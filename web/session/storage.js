/**
 * Keeps the work on this machine, in the origin-private file system of the browser: one file per image with everything
 * but the image, one copy of each image file, and an index. Only after the user agreed.
 */
import { checksumOf } from './digest.js';
import { headJson, headOf, itemOf, SessionError, toJson } from './format.js';

/**
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('./format.js').SavedSession} SavedSession
 */

const FOLDER = 'sonomask-work';
const INDEX = 'index.json';
const LOCK = 'sonomask-work';
const PAUSE = 300; // milliseconds from a change to its writing; the promise is one second

/**
 * @param {FileSystemDirectoryHandle} folder
 * @param {string} name
 * @param {string | Blob} content
 */
async function write(folder, name, content) {
    const handle = await folder.getFileHandle(name, { create: true });
    // Nothing of the file changes before it is closed.
    const stream = await handle.createWritable();
    try {
        await stream.write(content);
        await stream.close();
    } catch (error) {
        await stream.abort().catch(() => undefined);
        throw error;
    }
}

/**
 * @param {FileSystemDirectoryHandle} folder
 * @param {string} name
 * @returns {Promise<File | null>}
 */
async function read(folder, name) {
    try {
        return await (await folder.getFileHandle(name)).getFile();
    } catch (error) {
        if (error instanceof DOMException && (error.name === 'NotFoundError' || error.name === 'TypeMismatchError')) return null;
        throw error;
    }
}

/**
 * @param {unknown} error
 * @returns {SessionError}
 */
function asSessionError(error) {
    if (error instanceof SessionError) return error;
    if (error instanceof DOMException && error.name === 'QuotaExceededError') return new SessionError('keep.full');
    return new SessionError('keep.refused', error instanceof Error ? error.message : String(error));
}

/**
 * One page at a time holds the store.
 * @returns {Promise<() => void>} gives it back
 */
async function takeLock() {
    if (!navigator.locks) return () => undefined;
    /** @type {() => void} */
    let release = () => undefined;
    const held = await new Promise(resolve => {
        void navigator.locks.request(LOCK, { ifAvailable: true }, async lock => {
            resolve(lock !== null);
            if (!lock) return;
            await new Promise(done => {
                release = () => done(undefined);
            });
        });
    });
    if (!held) throw new SessionError('keep.otherTab');
    return release;
}

/** Removes everything that any page kept on this machine. */
export async function forgetWork() {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry(FOLDER, { recursive: true }).catch(error => {
        if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error;
    });
}

/** Event "state": the time of the last writing, or the problem, changed. */
export class WorkStore extends EventTarget {
    #folder;
    #items;
    #images;
    #release;
    /** @type {() => { items: Item[], selected: Item | null, model: string, reader: string, operatingPoint: number }} */
    #work = () => ({ items: [], selected: null, model: '', reader: '', operatingPoint: 0.95 });
    /** Name of an item's file. @type {WeakMap<Item, string>} */
    #keys = new WeakMap();
    /** Names of kept files that cannot be read. They stay until everything is forgotten. @type {string[]} */
    #lost = [];
    /** Names of the image files that are kept. @type {Set<string>} */
    #kept = new Set();
    #index = '';
    /** @type {Set<Item>} */
    #changed = new Set();
    #listChanged = false;
    #started = false;
    #closed = false;
    /** @type {Promise<void> | null} */
    #writing = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;
    /** When everything was written the last time. @type {Date | null} */
    saved = null;
    /** @type {SessionError | null} */
    problem = null;
    /** Items that are kept without their images, whose files cannot be read. @type {Item[]} */
    withoutImage = [];

    /**
     * @param {FileSystemDirectoryHandle} folder
     * @param {FileSystemDirectoryHandle} items
     * @param {FileSystemDirectoryHandle} images
     * @param {() => void} release
     */
    constructor(folder, items, images, release) {
        super();
        this.#folder = folder;
        this.#items = items;
        this.#images = images;
        this.#release = release;
    }

    /**
     * @returns {Promise<WorkStore>}
     * @throws {SessionError} when the browser refuses, or another tab uses the store
     */
    static async open() {
        const release = await takeLock();
        try {
            if (!navigator.storage?.getDirectory) throw new SessionError('keep.unavailable');
            const root = await navigator.storage.getDirectory().catch(() => {
                throw new SessionError('keep.unavailable');
            });
            const folder = await root.getDirectoryHandle(FOLDER, { create: true });
            const items = await folder.getDirectoryHandle('items', { create: true });
            const images = await folder.getDirectoryHandle('images', { create: true });
            if (!('createWritable' in FileSystemFileHandle.prototype)) throw new SessionError('keep.unavailable');
            return new WorkStore(folder, items, images, release);
        } catch (error) {
            release();
            throw asSessionError(error);
        }
    }

    /** Whether everything that changed is written. */
    get current() {
        return !this.problem && this.#started && !this.#pending && !this.#writing;
    }

    /** Whether something is to be written. Items that were removed wait in #changed, as an undo may bring them back. */
    get #pending() {
        const listed = new Set(this.#work().items);
        return this.#listChanged || [...this.#changed].some(item => listed.has(item));
    }

    /**
     * Reads what an earlier page kept. Files that are damaged are left out, and named by `lost`.
     * @returns {Promise<(SavedSession & { images: Map<string, File>, selected: number, lost: string[], keys: string[] }) | null>}
     */
    async load() {
        const file = await read(this.#folder, INDEX);
        if (!file) return null;
        const index = JSON.parse(await file.text());
        const facts = headOf(index);
        const items = [];
        const keys = [];
        const lost = [];
        let selected = 0;
        /** @type {Map<string, File>} */
        const images = new Map();
        for (const key of Array.isArray(index.items) ? index.items : []) {
            try {
                const text = await (await read(this.#items, String(key)))?.text();
                if (!text) throw new SessionError('session.damaged');
                const item = itemOf(JSON.parse(text), String(key));
                const image = item.image && (await read(this.#images, item.image));
                if (image) images.set(item.image, image);
                if (key === index.selected) selected = items.length;
                items.push(item);
                keys.push(String(key));
            } catch {
                lost.push(String(key));
            }
        }
        return { ...facts, items, images, selected, lost, keys };
    }

    /**
     * Writes from now on.
     * @param {() => { items: Item[], selected: Item | null, model: string, reader: string, operatingPoint: number }} work
     * @param {Map<Item, string>} keys of items that `load` gave
     * @param {string[]} lost as `load` gave it
     */
    async start(work, keys, lost) {
        this.#work = work;
        this.#lost = lost;
        for (const [item, key] of keys) this.#keys.set(item, key);
        for await (const name of this.#images.keys()) this.#kept.add(name);
        this.#started = true;
        for (const item of work().items) if (!this.#keys.has(item)) this.#changed.add(item);
        await this.#removeUnused();
        this.touchList();
    }

    /** Removes files of items that are in the list no more. */
    async #removeUnused() {
        const { items } = this.#work();
        const keys = new Set([...items.map(item => this.#keys.get(item)), ...this.#lost]);
        for await (const name of this.#items.keys()) if (!keys.has(name)) await this.#items.removeEntry(name);
        // Which images they have is not known.
        if (this.#lost.length > 0) return;
        const sums = new Set(items.map(({ sha256 }) => sha256));
        for (const name of this.#kept) {
            if (sums.has(name)) continue;
            this.#kept.delete(name);
            await this.#images.removeEntry(name).catch(() => undefined);
        }
    }

    /** @param {Item} item that changed */
    touch(item) {
        this.#changed.add(item);
        this.#soon();
    }

    /** The list, its order or the selection changed. */
    touchList() {
        this.#listChanged = true;
        for (const item of this.#work().items) if (!this.#keys.has(item)) this.#changed.add(item);
        this.#soon();
    }

    #soon() {
        if (!this.#started || this.#closed || this.#timer || this.#writing) return;
        this.#timer = setTimeout(() => {
            this.#timer = undefined;
            void this.flush();
        }, PAUSE);
    }

    /** @returns {Promise<void>} when everything is written, or it failed */
    flush() {
        if (!this.#started || this.#closed) return Promise.resolve();
        this.#writing ??= this.#writeAll().finally(() => {
            this.#writing = null;
            this.dispatchEvent(new Event('state'));
            // A problem is tried again at the next change.
            if (!this.problem && this.#pending) this.#soon();
        });
        return this.#writing;
    }

    async #writeAll() {
        try {
            await this.#writeChanged();
            const withoutImage = [];
            // An image takes longest, so what changed meanwhile goes first.
            for (const item of this.#work().items) {
                if (this.#closed) return;
                if (item.state === 'missing' || (item.sha256 && this.#kept.has(item.sha256))) continue;
                if (!(await this.#keepImage(item))) {
                    withoutImage.push(item);
                    continue;
                }
                this.#changed.add(item);
                await this.#writeChanged();
            }
            this.withoutImage = withoutImage;
            this.problem = null;
            this.saved = new Date();
        } catch (error) {
            this.problem = asSessionError(error);
        }
    }

    /**
     * @param {Item} item
     * @returns {Promise<boolean>} false: its file cannot be read, as when it was moved or changed
     */
    async #keepImage(item) {
        const name = await checksumOf(item);
        if (!name) return false;
        try {
            if (!this.#kept.has(name)) await write(this.#images, name, item.file);
        } catch (error) {
            const readable = await item.file.slice(0, 1).arrayBuffer().then(() => true, () => false);
            if (readable) throw error;
            return false;
        }
        this.#kept.add(name);
        return true;
    }

    async #writeChanged() {
        const { items, selected, ...facts } = this.#work();
        const listed = new Set(items);
        for (const item of this.#changed) {
            if (this.#closed) return;
            if (!listed.has(item)) continue;
            // Before it is written: it may change again meanwhile.
            this.#changed.delete(item);
            try {
                await this.#writeItem(item);
            } catch (error) {
                this.#changed.add(item);
                throw error;
            }
        }
        const keys = [...items.map(item => this.#keys.get(item)), ...this.#lost];
        const index = { items: keys, selected: selected && this.#keys.get(selected) };
        const text = JSON.stringify([index, facts]);
        this.#listChanged = false;
        if (text === this.#index) return;
        try {
            await write(this.#folder, INDEX, JSON.stringify({ ...headJson(facts), ...index }));
            this.#index = text;
        } catch (error) {
            this.#listChanged = true;
            throw error;
        }
    }

    /** @param {Item} item */
    async #writeItem(item) {
        const key = this.#keys.get(item) ?? crypto.randomUUID();
        const image = this.#kept.has(item.sha256) || item.state === 'missing' ? item.sha256 : '';
        const text = JSON.stringify(toJson(item, { name: item.name, path: item.path, image, thumbnail: true }));
        await write(this.#items, key, text);
        this.#keys.set(item, key);
    }

    /** Removes everything that is kept on this machine, and keeps nothing more. */
    async forget() {
        this.close();
        await this.#writing;
        await forgetWork();
    }

    /** Writes no more. */
    close() {
        this.#closed = true;
        clearTimeout(this.#timer);
        this.#release();
    }
}
