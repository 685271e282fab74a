/** What this browser lacks of all that the page uses. The page works without each of these. */

/** Whether pictures can be put on the clipboard. */
export const canCopy = typeof ClipboardItem === 'function' && typeof navigator.clipboard?.write === 'function';

/** Whether folders can be chosen; some browsers on phones choose files only. */
export const canChooseFolders = 'webkitdirectory' in HTMLInputElement.prototype;

/** null until the browser has kept a copy of the page, or refused. @type {boolean | null} */
let offline = null;

/** @returns {boolean} whether it is certain that the page opens with the network off */
export function opensOffline() {
    return offline === true;
}

/** @param {boolean} opens */
export function noteOffline(opens) {
    offline = opens;
}

/**
 * @param {string} backend of the engine
 * @returns {('lack.offline' | 'lack.simd' | 'lack.frames' | 'lack.copy' | 'lack.folder')[]} keys of the language files
 */
export function lacks(backend) {
    const lacking = /** @type {const} */ ({
        'lack.offline': offline === false,
        'lack.simd': backend === 'scalar',
        'lack.frames': !('requestVideoFrameCallback' in HTMLVideoElement.prototype),
        'lack.copy': !canCopy,
        'lack.folder': !canChooseFolders,
    });
    return /** @type {(keyof typeof lacking)[]} */ (Object.keys(lacking)).filter(key => lacking[key]);
}
