/**
 * Recognises ground-truth masks by name: `X_mask`, `X_mask_1`, `X_gt`, `X_segmentation`, `mask_X` and the like beside `X`, or
 * `X` in a folder `masks` for `X` in another one. Several masks of one image are united.
 */

/** @typedef {import('../input/collect.js').Found} Found */

const MASK_WORDS = 'mask|masks|gt|groundtruth|ground_truth|seg|segmentation|segmented|label|labels|annotation|lesion|manual|tumor|tumour';
const AFTER = new RegExp(`^(.+?)[ _.-](?:${MASK_WORDS})(?:[ _-]?\\d+)?$`, 'i');
const BEFORE = new RegExp(`^(?:${MASK_WORDS})[ _.-](.+)$`, 'i');
const MASK_FOLDER = /^(masks?|gt|ground[ _-]?truth|labels?|segs?|segmentations?|annotations?)$/i;
const IMAGE_FOLDER = /^(images?|imgs?|scans?|pictures?|originals?|input|data)$/i;

/**
 * @typedef {object} Parts
 * @property {string} folder
 * @property {string} place the folder without parts that mean masks or images
 * @property {string} stem the name without its extension, lower case
 * @property {string} base what the stem names: of a mask its picture; else the stem
 * @property {boolean} named whether the name is that of a mask
 * @property {boolean} placed whether a folder is one of masks
 */

/**
 * @param {string} path
 * @returns {Parts}
 */
function partsOf(path) {
    const folders = path.split('/');
    const name = folders.pop() ?? '';
    const stem = (name.replace(/\.[^.]+$/, '') || name).toLowerCase();
    const named = stem.match(AFTER) ?? stem.match(BEFORE);
    return {
        folder: folders.join('/'),
        place: folders.filter(folder => !MASK_FOLDER.test(folder) && !IMAGE_FOLDER.test(folder)).join('/'),
        stem,
        base: named?.[1] ?? stem,
        named: named !== null,
        placed: folders.some(folder => MASK_FOLDER.test(folder)),
    };
}

/**
 * Why a mask has no picture.
 * @typedef {'none' | 'several'} Reason
 */

/**
 * @template Picture
 * @typedef {{ picture: Picture } | { reason: Reason }} Match
 */

/**
 * @template Picture
 * @param {Parts} mask
 * @param {Map<string, { parts: Parts, picture: Picture }[]>} pictures by stem
 * @returns {Match<Picture>}
 */
function matchOf(mask, pictures) {
    const bases = mask.named ? [mask.base, mask.stem] : [mask.stem];
    // The nearest picture counts: in the same folder, then beside the folder of masks, then anywhere.
    const near = [
        (/** @type {Parts} */ parts) => parts.folder === mask.folder,
        (/** @type {Parts} */ parts) => parts.place === mask.place,
        () => true,
    ];
    for (const base of bases) {
        for (const isNear of near) {
            const found = (pictures.get(base) ?? []).filter(({ parts }) => isNear(parts));
            const [first] = found;
            if (first && found.length === 1) return { picture: first.picture };
            if (first) return { reason: 'several' };
        }
    }
    return { reason: 'none' };
}

/**
 * @template Known
 * @param {Found[]} found
 * @param {{ path: string, picture: Known }[]} known pictures that are in the list already
 * @returns {{ pictures: Found[], pairs: { picture: Found | Known, masks: Found[] }[], unpaired: { mask: Found, reason: Reason }[] }}
 *     without any pair, files that only have the name of a mask count as pictures
 */
export function pairMasks(found, known) {
    const all = found.map(each => ({ found: each, parts: partsOf(each.path) }));
    const candidates = all.filter(({ parts }) => parts.named || parts.placed);
    const certain = all.filter(({ parts }) => !parts.named && !parts.placed);
    /** @type {{ parts: Parts, picture: Found | Known }[]} */
    const pictures = [
        ...certain.map(each => ({ parts: each.parts, picture: each.found })),
        ...known.map(({ path, picture }) => ({ parts: partsOf(path), picture })),
    ];
    /** @type {Map<string, typeof pictures>} */
    const byStem = new Map();
    for (const each of pictures) {
        const same = byStem.get(each.parts.stem);
        if (same) same.push(each);
        else byStem.set(each.parts.stem, [each]);
    }
    /** @type {Map<Found | Known, Found[]>} */
    const pairs = new Map();
    /** @type {{ mask: Found, parts: Parts, reason: Reason }[]} */
    const left = [];
    for (const { found: mask, parts } of candidates) {
        const match = matchOf(parts, byStem);
        if ('picture' in match) pairs.set(match.picture, [...(pairs.get(match.picture) ?? []), mask]);
        else left.push({ mask, parts, reason: match.reason });
    }
    const isPicture = (/** @type {(typeof left)[number]} */ each) => pairs.size === 0 && !each.parts.placed && each.reason === 'none';
    return {
        pictures: [...certain.map(each => each.found), ...left.filter(isPicture).map(({ mask }) => mask)],
        pairs: [...pairs].map(([picture, masks]) => ({ picture, masks })),
        unpaired: left.filter(each => !isPicture(each)).map(({ mask, reason }) => ({ mask, reason })),
    };
}
