/**
 * Recognises ground-truth masks by the names of the published BUSI archive: `NAME_mask.png`, `NAME_mask_1.png` and so on
 * beside `NAME.png`. Several masks of one image are united.
 */

/** @typedef {import('./collect.js').Found} Found */

/** @param {string} path */
function stem(path) {
    return path.replace(/\.[^./]+$/, '');
}

/**
 * @param {string} path
 * @returns {string | null} the picture's path without extension, or null when this is no mask
 */
export function pictureOfMask(path) {
    return stem(path).match(/^(.+)_mask(_\d+)?$/)?.[1] ?? null;
}

/**
 * @param {Found[]} found
 * @param {Iterable<string>} known paths that are in the list already
 * @returns {{ pictures: Found[], masks: Map<string, Found[]> }} masks by their picture's path without extension; a mask
 *     without its picture counts as a picture
 */
export function pairMasks(found, known) {
    const stems = new Set([...known].map(stem));
    for (const { path } of found) if (!pictureOfMask(path)) stems.add(stem(path));
    /** @type {Map<string, Found[]>} */
    const masks = new Map();
    const pictures = found.filter(candidate => {
        const picture = pictureOfMask(candidate.path);
        if (!picture || !stems.has(picture)) return true;
        masks.set(picture, [...(masks.get(picture) ?? []), candidate]);
        return false;
    });
    return { pictures, masks };
}

/**
 * @param {string} path of a picture
 * @param {Map<string, Found[]>} masks
 * @returns {Found[]}
 */
export function masksOf(path, masks) {
    return masks.get(stem(path)) ?? [];
}
