/** Gives masks that were read from COCO and LabelMe files to the images of the same names. */
import { checksumOf } from './digest.js';

/**
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('./annotations.js').Annotated} Annotated
 * @typedef {import('./derived.js').Page} Page
 */

/** @param {string} path */
function partsOf(path) {
    return path.toLowerCase().split(/[/\\]/);
}

/** @param {string} path */
function baseOf(path) {
    return partsOf(path).at(-1) ?? '';
}

/** @param {string} path */
function stemOf(path) {
    return baseOf(path).replace(/\.[^.]+$/, '');
}

/**
 * How well an annotated image and one of the list fit, of which the names are the same.
 * @param {Annotated} annotated
 * @param {Item} item
 * @returns {Promise<number>} Infinity: the file is the same; else the number of folders that are the same, from the last one on
 */
async function fitOf({ name, sha256 }, item) {
    if (sha256 && (await checksumOf(item)) === sha256) return Infinity;
    const [ours, theirs] = [partsOf(item.path).reverse(), partsOf(name).reverse()];
    let same = 1;
    while (same < ours.length && ours[same] === theirs[same]) same++;
    return same - 1;
}

/**
 * @template T
 * @param {T[]} candidates
 * @param {(candidate: T) => Promise<number>} fit
 * @returns {Promise<T | null>} the one that fits best; null: several do
 */
async function bestOf(candidates, fit) {
    if (candidates.length === 1) return candidates[0] ?? null;
    const fits = await Promise.all(candidates.map(fit));
    const most = Math.max(...fits);
    const best = candidates.filter((_, index) => fits[index] === most);
    return best.length === 1 || most === Infinity ? (best[0] ?? null) : null;
}

/**
 * @param {Item[]} items
 * @param {Annotated} annotated
 * @returns {Promise<Item[]>} those with its name, else those with its name and another extension, else those with its content
 */
async function candidatesOf(items, { name, sha256 }) {
    const named = items.filter(item => baseOf(item.name) === baseOf(name));
    if (named.length > 0) return named;
    const alike = items.filter(item => stemOf(item.name) === stemOf(name));
    if (alike.length > 0 || !sha256) return alike;
    const sums = await Promise.all(items.map(checksumOf));
    return items.filter((_, index) => sums[index] === sha256);
}

/**
 * @param {import('./annotations.js').Annotations} annotations
 * @param {Item[]} items
 * @param {Pick<Page, 'giveTruth' | 'notify' | 'offer' | 't' | 'use'>} page
 */
export async function addAnnotations({ format, images, ignored }, items, { giveTruth, notify, offer, t, use }) {
    /** The annotated images that may be of an item. @type {Map<Item, Annotated[]>} */
    const claims = new Map();
    /** @type {string[]} */
    const unknown = [];
    /** Names that several images of the list, or of the file, share. @type {string[]} */
    const unclear = [];
    for (const annotated of images) {
        const candidates = await candidatesOf(items, annotated);
        const item = candidates.length > 0 ? await bestOf(candidates, candidate => fitOf(annotated, candidate)) : undefined;
        if (item) claims.set(item, [...(claims.get(item) ?? []), annotated]);
        else (item === null ? unclear : unknown).push(annotated.name);
    }
    /** @type {Map<Item, Annotated>} */
    const given = new Map();
    for (const [item, claiming] of claims) {
        const annotated = await bestOf(claiming, claim => fitOf(claim, item));
        if (annotated) given.set(item, annotated);
        for (const other of claiming) if (other !== annotated) (annotated ? unknown : unclear).push(other.name);
    }
    for (const [item, { mask }] of given) giveTruth(item, mask);
    const words = [t('annotations.read', { format, count: given.size })];
    if (unknown.length > 0) words.push(t('annotations.unknown', { count: unknown.length, name: unknown[0] ?? '' }));
    if (unclear.length > 0) words.push(t('annotations.unclear', { count: unclear.length, name: unclear[0] ?? '' }));
    if (ignored > 0) words.push(t('annotations.ignored', { count: ignored }));
    if (given.size === 0) notify(words.join(' '), 'problem');
    else offer('annotations', words.join(' '), [{ label: t('annotations.use'), run: () => use(given) }]);
}
