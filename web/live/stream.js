/** Live pictures: a camera or frame grabber, or another window or screen. Each way to fail has its own message. */

/** @typedef {import('../i18n/i18n.js').Key} Key */

/** @typedef {'camera' | 'screen'} Kind */

/** A live picture that cannot be had; `key` is a text of the language files. */
export class LiveError extends Error {
    /**
     * @param {Key} key
     * @param {string} [detail]
     */
    constructor(key, detail = '') {
        super(detail || key);
        this.key = key;
        this.detail = detail;
    }
}

/** By the name of the browser's error. @type {Record<string, Key>} */
const PROBLEMS = {
    NotAllowedError: 'live.refused',
    SecurityError: 'live.refused',
    NotFoundError: 'live.noCamera',
    OverconstrainedError: 'live.noCamera',
    NotReadableError: 'live.busy',
    AbortError: 'live.busy',
};

/**
 * @param {Kind} kind
 * @param {string} [device] id of a camera; the browser's choice when left out
 * @returns {Promise<MediaStream>} of one video track, without sound
 * @throws {LiveError}
 */
export async function openStream(kind, device) {
    const devices = globalThis.isSecureContext ? navigator.mediaDevices : undefined;
    if (!devices) throw new LiveError('live.insecure');
    if (kind === 'screen' && !('getDisplayMedia' in devices)) throw new LiveError('live.noScreen');
    try {
        if (kind === 'screen') return await devices.getDisplayMedia({ video: { frameRate: { ideal: 30 } }, audio: false });
        const video = device ? { deviceId: { exact: device } } : { facingMode: { ideal: 'environment' } };
        return await devices.getUserMedia({ video: { ...video, width: { ideal: 1280 }, frameRate: { ideal: 30 } }, audio: false });
    } catch (error) {
        const { name = '', message = String(error) } = error instanceof Error ? error : {};
        throw new LiveError(PROBLEMS[name] ?? 'live.failed', message);
    }
}

/** @returns {Promise<{ id: string, label: string }[]>} cameras and frame grabbers; their names are known once one was allowed */
export async function cameras() {
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    return all.filter(({ kind }) => kind === 'videoinput').map(({ deviceId, label }) => ({ id: deviceId, label }));
}
