/** Tells screen readers what changed, and shows short notices that go away by themselves. */
import { byId, element } from './dom.js';

const NOTICE_MILLISECONDS = 6000;

/** @param {string} text said politely, once */
export function announce(text) {
    const region = byId('live', HTMLElement);
    // The same sentence twice would be silent: an emptied region makes it a change.
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
