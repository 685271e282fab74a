/**
 * Keeps the focus in the page: when the element that has it is removed, hidden or disabled, browsers give it to the body, and
 * keyboard and screen reader would begin at the top again. Here it goes to what is nearest to that element.
 */
import { oncePerFrame } from './dom.js';

const CONTROLS = 'button, a[href], input, select, textarea, [tabindex="0"]';

/**
 * @param {Element} node
 * @returns {boolean} whether it can have the focus
 */
function isUsable(node) {
    return node.isConnected && !node.matches(':disabled') && node.getClientRects().length > 0;
}

/**
 * @param {Element} root
 * @returns {HTMLElement | undefined} the current control in it, else the first
 */
function controlIn(root) {
    const controls = /** @type {HTMLElement[]} */ ([...root.querySelectorAll(`[aria-current="true"] button, [data-stop]`), ...root.querySelectorAll(CONTROLS)]);
    return controls.find(isUsable);
}

/** @param {() => HTMLElement} otherwise where the focus goes when all around it is gone */
export function keepFocus(otherwise) {
    /** The element that had the focus last, and what it was in, from the inside out. @type {Element[]} */
    let chain = [];
    document.addEventListener('focusin', event => {
        chain = [];
        for (let node = /** @type {Element | null} */ (event.target); node && node !== document.body; node = node.parentElement) chain.push(node);
    });
    const check = () => {
        const [last, ...around] = chain;
        const active = document.activeElement;
        // A disabled or hidden element may keep the focus for some more frames.
        if (active && active !== document.body && isUsable(active)) return;
        // When it can still have the focus, the user has clicked beside all controls.
        if (!last || isUsable(last)) return;
        const near = around.filter(isUsable).map(controlIn).find(control => control !== undefined);
        (near ?? otherwise()).focus({ preventScroll: true });
    };
    const checkSoon = oncePerFrame(() => setTimeout(check));
    const watched = { subtree: true, childList: true, attributes: true, attributeFilter: ['hidden', 'disabled', 'open'] };
    new MutationObserver(checkSoon).observe(document.body, watched);
}
