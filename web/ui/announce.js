/** Messages to screen readers, and short notices that disappear after some seconds. */
import { byId, element } from './dom.js';

const NOTICE_MILLISECONDS = 6000;

/** @param {string} text for screen readers, in a polite live region */
export function announce(text) {
    const region = byId('live', HTMLElement);
    // Screen readers read changes only, so the same text needs an empty region in between.
    region.textContent = '';
    setTimeout(() => (region.textContent = text), 50);
}

/**
 * A short notice at the foot of the page, also announced.
 * @param {string} text
 * @param {'plain' | 'problem'} [kind]
 */
export function notify(text, kind = 'plain') {
    const notice = element('p', { class: `notice notice-${kind}` }, text);
    byId('notices', HTMLElement).append(notice);
    announce(text);
    setTimeout(() => notice.remove(), NOTICE_MILLISECONDS);
}
