/** One tab stop for a group of controls: arrow keys, Home and End move inside it (WAI-ARIA practices, "roving tabindex"). */

const UNUSABLE = ':disabled, [hidden], [hidden] *';

/**
 * @param {HTMLElement} group
 * @param {string} selector of its controls; they may come and go
 * @param {string} [preferred] selector of the control that is the tab stop until another one had the focus
 */
export function moveInside(group, selector, preferred = selector) {
    const controls = () => [...group.querySelectorAll(selector)].filter(node => node instanceof HTMLElement).filter(node => !node.matches(UNUSABLE));
    const settle = () => {
        const stop = group.querySelector('[data-stop]');
        if (stop && !stop.matches(UNUSABLE)) return;
        if (stop) setStop(stop, false);
        const next = [...group.querySelectorAll(preferred)].find(node => !node.matches(UNUSABLE)) ?? controls()[0];
        if (next) setStop(next, true);
    };
    const makeStop = (/** @type {Element} */ target) => {
        for (const stop of group.querySelectorAll('[data-stop]')) setStop(stop, false);
        setStop(target, true);
    };
    group.addEventListener('focusin', event => {
        const target = /** @type {Element} */ (event.target);
        if (target.matches(selector)) makeStop(target);
    });
    group.addEventListener('keydown', event => {
        if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
        if (!(event.target instanceof HTMLElement) || !event.target.matches(selector)) return;
        const usable = controls();
        const next = nextOf(event.key, usable.indexOf(event.target), usable.length, getComputedStyle(group).direction === 'rtl');
        const target = next === null ? undefined : usable[next];
        if (!target) return;
        event.preventDefault();
        target.focus();
    });
    const leave = (/** @type {ParentNode} */ root) => {
        for (const node of root.querySelectorAll(selector)) setStop(node, node === document.activeElement);
    };
    leave(group);
    settle();
    new MutationObserver(records => {
        for (const { addedNodes } of records)
            for (const node of addedNodes) {
                if (!(node instanceof Element)) continue;
                if (node.matches(selector)) setStop(node, node === document.activeElement);
                leave(node);
            }
        settle();
    }).observe(group, { subtree: true, childList: true, attributes: true, attributeFilter: ['disabled', 'hidden'] });
}

/**
 * @param {Element} node
 * @param {boolean} isStop
 */
function setStop(node, isStop) {
    node.setAttribute('tabindex', isStop ? '0' : '-1');
    node.toggleAttribute('data-stop', isStop);
}

/**
 * @param {string} key
 * @param {number} index
 * @param {number} count
 * @param {boolean} rightToLeft
 * @returns {number | null} the place to move to
 */
function nextOf(key, index, count, rightToLeft) {
    const forward = rightToLeft ? 'ArrowLeft' : 'ArrowRight';
    const back = rightToLeft ? 'ArrowRight' : 'ArrowLeft';
    if (key === forward) return (index + 1) % count;
    if (key === back) return (index + count - 1) % count;
    if (key === 'Home') return 0;
    return key === 'End' ? count - 1 : null;
}
