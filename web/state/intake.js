/** Files from the user: images go to the list, ground-truth masks to their images, sessions and annotations are read. */
import { Edits } from '../edit/edits.js';
import { pairMasks } from '../compare/pairs.js';
import { withoutClutter } from '../input/collect.js';
import { arranged, hasDirectory } from '../input/dicomdir.js';
import { headOf, kindOfFile } from '../input/open.js';
import { t } from '../i18n/i18n.js';
import { reasonOf } from '../panel/keep.js';
import { compareWithSession } from '../panel/readers.js';
import { attachFile, itemFrom } from '../session/restore.js';
import { setMask } from '../session/work.js';
import { announce, notify, offer } from '../ui/announce.js';
import { byId, nextFrame } from '../ui/dom.js';
import { late } from '../ui/late.js';
import { setBackToPoint } from './answers.js';
import { Item } from './item.js';

/**
 * @typedef {import('../input/collect.js').Found} Found
 * @typedef {import('../engine/queue.js').Queue} Queue
 * @typedef {import('../session/annotations.js').Annotated} Annotated
 * @typedef {import('../session/format.js').SavedSession} SavedSession
 * @typedef {import('./session.js').Session} Session
 * @typedef {import('./store.js').Store} Store
 */

/** Files of these names are read as sessions or annotations; everything else is recognised by its first bytes. */
const WORK_FILE = /\.(sonomask|zip|json)$/i;

/** Files of these names are no DICOM files. */
const OTHER_FILE = /\.(png|jpe?g|bmp|webp|tiff?|gif|avif|mp4|webm)$/i;
/** The head of a DICOM file that is a segmentation, a label map or an enhanced report. */
const DERIVED = /1\.2\.840\.10008\.5\.1\.4\.1\.1\.(66\.[47]|88\.22)(?![\d.])/;

/**
 * @param {Found} found
 * @returns {Promise<boolean>} whether it is a DICOM SEG or SR, which is of an image and is none
 */
async function isDerived({ file }) {
    if (OTHER_FILE.test(file.name) || WORK_FILE.test(file.name)) return false;
    return DERIVED.test(await file.slice(128, 640).text().catch(() => ''));
}

/** Images added to the list at once: the rows of thousands would block the page. The first ones come with the whole view. */
const FIRST_PORTION = 12;
const PORTION = 40;

const POINTS = /** @type {const} */ ([0.8, 0.9, 0.95]);

/** Event "unpaired", when the masks without an image change. */
export class Intake extends EventTarget {
    #store;
    #session;
    #queue;
    #model;
    #reader;
    #onSaved;
    /** What the offer in view puts back, the last removal first. @type {{ items: Item[], undo: () => void }[]} */
    #removed = [];
    /** Masks whose image was not found. @type {{ mask: Found, reason: import('../compare/pairs.js').Reason }[]} */
    unpaired = [];

    /**
     * @param {Store} store
     * @param {Session} session
     * @param {Queue} queue
     * @param {() => Promise<string>} model SHA-256 of the weights, once they are loaded
     * @param {() => string} reader the reader's name
     * @param {(items: Item[], session: SavedSession) => void} onSaved items of a session were added, as they are saved in it
     */
    constructor(store, session, queue, model, reader, onSaved) {
        super();
        this.#store = store;
        this.#session = session;
        this.#queue = queue;
        this.#model = model;
        this.#reader = reader;
        this.#onSaved = onSaved;
    }

    /** @param {Found[]} all */
    async add(all) {
        const found = withoutClutter(all);
        if (found.length === 0) {
            notify(t('list.nothing'));
            return;
        }
        const areDerived = await Promise.all(found.map(isDerived));
        const images = await this.#inOrder(found.filter(({ file }, index) => !WORK_FILE.test(file.name) && !areDerived[index]));
        if (images.length > 0) {
            const missing = this.#store.items.filter(({ state }) => state === 'missing');
            await this.#addImages(missing.length > 0 ? await this.#withoutMissing(images, missing) : images);
        }
        for (const { file } of found) if (WORK_FILE.test(file.name)) await this.#addWork(file);
        const derived = found.filter((_, index) => areDerived[index]).map(({ file }) => file);
        if (derived.length > 0) await this.#addDerived(derived);
    }

    /**
     * The images of a DICOM folder come in the order of its index, and files that it does not name are left out. A damaged
     * index is listed like any file, with the reason.
     * @param {Found[]} images
     * @returns {Promise<Found[]>}
     */
    async #inOrder(images) {
        if (!hasDirectory(images)) return images;
        const { found, missing } = await arranged(images).catch(() => ({ found: images, missing: 0 }));
        if (missing > 0) notify(t('problem.dicomdir-missing', { count: missing }), 'problem');
        return found;
    }

    /** @param {Found[]} found */
    async #addImages(found) {
        const { pictures, pairs, unpaired } = pairMasks(found, this.#store.items.map(item => ({ path: item.path, picture: item })));
        /** @type {Map<Found, Item>} */
        const made = new Map(pictures.map(picture => [picture, new Item(picture.file, picture.file.name, picture.path)]));
        for (const [{ onlyHere = false }, item] of made) item.onlyHere = onlyHere;
        for (const { picture, masks } of pairs) {
            const item = picture instanceof Item ? picture : made.get(picture);
            if (item) this.setTruth(item, masks);
        }
        const items = [...made.values()];
        // Read before the list is drawn, so that the network gets the first image before and not after that.
        const [first] = items;
        if (first) first.head = pictures[0]?.head ?? (await headOf(first.file).catch(() => null));
        for (let start = 0, end = FIRST_PORTION; start < items.length; start = end, end += PORTION) {
            if (start > 0) await nextFrame();
            this.#store.add(items.slice(start, end));
        }
        if (unpaired.length > 0) {
            this.#setUnpaired([...this.unpaired, ...unpaired]);
            const name = unpaired[0]?.mask.file.name ?? '';
            notify(t('pairs.unpaired', { count: unpaired.length, name }), 'problem');
        }
        if (made.size === 0) return;
        announce(t('list.added', { count: made.size }));
        void this.#offerCopies();
    }

    /** @param {Intake['unpaired']} unpaired */
    #setUnpaired(unpaired) {
        this.unpaired = unpaired;
        this.dispatchEvent(new Event('unpaired'));
    }

    /**
     * Pairs a mask by hand.
     * @param {Item} item
     * @param {Found} mask
     */
    pair(item, mask) {
        this.setTruth(item, [mask]);
        this.#setUnpaired(this.unpaired.filter(each => each.mask !== mask));
    }

    /** Resizes all masks of another size to their images. */
    resizeMasks() {
        for (const item of this.#store.items) {
            if (item.truth?.problem !== 'compare.size') continue;
            item.truth = { ...item.truth, problem: null, resize: true };
            if (item === this.#session.item) void this.#session.refreshTruth();
            this.#store.changed(item);
        }
    }

    /**
     * Reads the masks of an item the other way round: a dark lesion on a white ground, or a white one on a dark ground.
     * @param {Item} item
     */
    invertTruth(item) {
        if (!item.truth) return;
        item.truth = { ...item.truth, dark: !item.truth.inverted, scores: null, problem: null, read: null };
        if (item === this.#session.item) void this.#session.refreshTruth();
        this.#store.changed(item);
    }

    /** @param {Item} item whose ground truth is removed */
    removeTruth(item) {
        item.truth = null;
        if (item === this.#session.item) void this.#session.refreshTruth();
        this.#store.changed(item);
    }

    /** Says when an image is in the list twice, and offers to take the copies out. */
    async #offerCopies() {
        if (this.#store.items.length < 2) return;
        // The search loads code and reads files, which would delay the first answer.
        await this.#queue.firstAnswer();
        await nextFrame();
        const { copiesIn } = await late();
        const copies = (await copiesIn(this.#store.items)).filter(item => this.#store.items.includes(item));
        if (copies.length === 0) return;
        const name = copies[0]?.name ?? '';
        offer('copies', t('list.copies', { count: copies.length, name }), [
            { label: t('list.skipCopies', { count: copies.length }), run: () => this.remove(copies.filter(item => this.#store.items.includes(item))) },
        ]);
    }

    /**
     * Takes items out of the list, and offers to put them back.
     * @param {Item[]} items
     */
    remove(items) {
        if (items.length === 0) return;
        const undo = this.#store.remove(items);
        // An offer replaces the one before it, so it holds the removals of both.
        const before = document.querySelector('.notice-offer[data-kind="removed"]') ? this.#removed : [];
        this.#removed = [{ items, undo }, ...before];
        const all = this.#removed.flatMap(removal => removal.items);
        const undos = this.#removed.map(removal => removal.undo);
        // The button that was used is no longer there.
        if (this.#store.items.length === 0) byId('main', HTMLElement).focus();
        const [first] = all;
        const text = all.length === 1 && first ? t('list.removedOne', { name: first.name }) : t('list.removed', { count: all.length });
        offer('removed', text, [{ label: t('edit.undo'), run: () => undos.forEach(each => each()) }]);
    }

    /**
     * @param {Item} item
     * @param {Found[]} masks
     */
    setTruth(item, masks) {
        if (masks.length > 0) this.#giveTruth(item, masks.map(({ file }) => file));
    }

    /**
     * @param {Item} item
     * @param {import('./item.js').Truth['files']} files
     * @param {import('./item.js').Truth['frames']} [frames]
     */
    #giveTruth(item, files, frames) {
        item.truth = { files, scores: null, problem: null, read: null, ...(frames && { frames }) };
        if (item === this.#session.item) void this.#session.refreshTruth();
        this.#store.changed(item);
    }

    /**
     * @param {Found[]} found
     * @param {Item[]} missing items of a session whose files are not here yet
     * @returns {Promise<Found[]>} the files that are none of theirs
     */
    async #withoutMissing(found, missing) {
        const { findMissing } = await late();
        const model = await this.#model();
        const rest = [];
        let matched = 0;
        /** @type {string[]} */
        const differing = [];
        for (const candidate of found) {
            const { item, sha256, other } = await findMissing(missing.filter(({ state }) => state === 'missing'), candidate.file);
            if (item) {
                attachFile(item, candidate.file, item.model === model);
                setBackToPoint(item, this.#store.operatingPoint);
                item.sha256 ||= sha256;
                matched++;
                this.#store.changed(item);
                if (item === this.#store.selected) this.#session.reopen();
            } else {
                rest.push(candidate);
                if (other) differing.push(candidate.file.name);
            }
        }
        const left = missing.length - matched;
        if (matched > 0) notify(t(left > 0 ? 'session.foundSome' : 'session.foundAll', { count: matched, left }));
        if (differing.length > 0) notify(t('session.differs', { count: differing.length, name: differing[0] ?? '' }), 'problem');
        this.#queue.wake();
        return rest;
    }

    /** @param {File} file a session, or annotations */
    async #addWork(file) {
        try {
            const { addAnnotations, readAnnotations, readSession } = await late();
            const head = new Uint8Array(await file.slice(0, 2).arrayBuffer());
            if (head[0] === 0x50 && head[1] === 0x4b) await this.#openSession(await readSession(file));
            else if (/\.json$/i.test(file.name)) await addAnnotations(readAnnotations(await file.text()), this.#store.items, this.#page);
            else throw Object.assign(new Error(), { key: 'session.other', detail: '' });
        } catch (error) {
            notify(t('session.failed', { name: file.name, detail: reasonOf(error) }), 'problem');
        }
    }

    /** @param {SavedSession & { images: Map<string, Blob> }} session */
    #openSession(session) {
        if (this.#store.items.length === 0) return this.#addSession(session);
        offer('session', t('session.which', { count: session.items.length }), [
            { label: t('session.add'), run: () => void this.#addSession(session) },
            { label: t('session.compare'), run: () => void compareWithSession(this.#store.items, this.#reader(), session) },
        ]);
        return Promise.resolve();
    }

    /** @param {SavedSession & { images: Map<string, Blob> }} session */
    async #addSession(session) {
        const model = await this.#model();
        const items = this.show(session, model);
        const missing = items.filter(({ state }) => state === 'missing').length;
        notify(t('session.opened', { count: items.length }) + (missing > 0 ? ` ${t('session.addFiles', { count: missing })}` : ''));
        if (items.length > 0 && session.model !== model) notify(t('session.otherModel'), 'problem');
        void this.#offerCopies();
    }

    /**
     * @param {SavedSession & { images: Map<string, Blob> }} session
     * @param {string} model of the page
     * @returns {Item[]} added to the list, in the order of the session
     */
    show(session, model) {
        const items = session.items.map(saved => {
            const item = itemFrom(saved, session.images.get(saved.image) ?? null, session.model === model);
            item.model = session.model;
            return item;
        });
        // The answers of a session are those of its operating point; in a list with other images, that of the list counts.
        const point = POINTS.find(kept => kept === session.operatingPoint);
        if (this.#store.items.length === 0 && point) this.#store.operatingPoint = point;
        for (const item of items) setBackToPoint(item, this.#store.operatingPoint);
        this.#onSaved(items, session);
        this.#store.add(items);
        return items;
    }

    /** For the late library. @type {import('../session/derived.js').Page} */
    #page = {
        kindOfFile, notify, offer, reasonOf, t,
        giveTruth: (item, mask) => this.#giveTruth(item, mask instanceof Map ? [] : [mask], mask instanceof Map ? mask : undefined),
        use: given => this.#useAnnotations(given),
    };

    /** @param {File[]} files DICOM SEG and SR */
    async #addDerived(files) {
        const { addDerived } = await late();
        const { askOnce } = await import('../input/dicom.js');
        await addDerived(files, this.#store, { ...this.#page, askOnce });
    }

    /** @param {Map<Item, Annotated>} given */
    #useAnnotations(given) {
        let used = 0;
        for (const [item, { mask, type }] of given) {
            if (!this.#store.items.includes(item) || !this.useMask(item, mask)) continue;
            used++;
            if (type) item.review = { ...item.review, type };
            this.#store.changed(item);
        }
        const left = given.size - used;
        if (used > 0) notify(t('annotations.used', { count: used }));
        if (left > 0) notify(t('annotations.left', { count: left }), 'problem');
    }

    /**
     * Makes a mask the outlines of an item, as edits that can be undone.
     * @param {Item} item
     * @param {import('./item.js').DrawnMask} mask
     * @returns {boolean} whether the image was analysed and has the size of the mask
     */
    useMask(item, mask) {
        const result = item.result;
        if (!result || result.width !== mask.width || result.height !== mask.height) return false;
        const edits = result.edits ?? new Edits(result.width, result.height);
        result.edits = edits;
        edits.begin();
        setMask(edits, mask.apart ?? mask.runs);
        edits.commit();
        if (item === this.#session.item) {
            this.#session.edited();
        } else {
            item.state = 'waiting';
            this.#queue.wake();
        }
        return true;
    }
}
