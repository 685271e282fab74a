/** One tab stop for a group of controls: arrow keys, Home and End move inside it (WAI-ARIA practices, "roving tabindex"). */

/**
 * @param {HTMLElement} group
 * @param {string} selector of its controls; they may come and go
 * @returns {() => void} to be called when its controls have changed
 */
export function moveInside(group, selector) {
    const controls = () => [...group.querySelectorAll(selector)].filter(node => node instanceof HTMLElement).filter(node => !node.matches(':disabled, [hidden], [hidden] *'));
    const settle = () => {
        const usable = controls();
        const current = usable.find(node => node.dataset['stop'] !== undefined) ?? usable[0];
        for (const node of group.querySelectorAll(selector)) setStop(/** @type {HTMLElement} */ (node), node === current);
    };
    group.addEventListener('focusin', event => {
        const target = /** @type {HTMLElement} */ (event.target);
        if (!target.matches(selector)) return;
        for (const node of group.querySelectorAll(selector)) setStop(/** @type {HTMLElement} */ (node), node === target);
    });
    group.addEventListener('keydown', event => {
        if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof HTMLElement) || !event.target.matches(selector)) return;
        const usable = controls();
        const index = usable.indexOf(event.target);
        const next = nextOf(event.key, index, usable.length, getComputedStyle(group).direction === 'rtl');
        const target = next === null ? undefined : usable[next];
        if (!target) return;
        event.preventDefault();
        target.focus();
    });
    new MutationObserver(settle).observe(group, { subtree: true, childList: true, attributes: true, attributeFilter: ['disabled', 'hidden'] });
    settle();
    return settle;
}

/**
 * @param {HTMLElement} node
 * @param {boolean} isStop
 */
function setStop(node, isStop) {
    node.tabIndex = isStop ? 0 : -1;
    if (isStop) node.dataset['stop'] = '';
    else delete node.dataset['stop'];
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
