/** Gives masks that were read from COCO and LabelMe files to the images of the same names. */

/**
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('./annotations.js').Annotated} Annotated
 * @typedef {import('./derived.js').Page} Page
 */

/** @param {string} path */
function baseOf(path) {
    return (path.split(/[/\\]/).at(-1) ?? '').toLowerCase();
}

/** @param {string} path */
function stemOf(path) {
    return baseOf(path).replace(/\.[^.]+$/, '');
}

/**
 * @param {Item[]} items
 * @param {string} name of an annotated image
 * @returns {Item | undefined} the one with this name, else the one with this name and another extension
 */
function itemOf(items, name) {
    return items.find(item => baseOf(item.name) === baseOf(name)) ?? items.find(item => stemOf(item.name) === stemOf(name));
}

/**
 * @param {import('./annotations.js').Annotations} annotations
 * @param {Item[]} items
 * @param {Page} page
 */
export function addAnnotations({ format, images, ignored }, items, { giveTruth, notify, offer, t, use }) {
    /** @type {Map<Item, Annotated>} */
    const given = new Map();
    /** @type {string[]} */
    const unknown = [];
    for (const annotated of images) {
        const item = itemOf(items, annotated.name);
        if (item) given.set(item, annotated);
        else unknown.push(annotated.name);
    }
    for (const [item, { mask }] of given) giveTruth(item, mask);
    const words = [t('annotations.read', { format, count: given.size })];
    if (unknown.length > 0) words.push(t('annotations.unknown', { count: unknown.length, name: unknown[0] ?? '' }));
    if (ignored > 0) words.push(t('annotations.ignored', { count: ignored }));
    if (given.size === 0) notify(words.join(' '), 'problem');
    else offer('annotations', words.join(' '), [{ label: t('annotations.use'), run: () => use(given) }]);
}
