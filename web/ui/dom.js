/** Small helpers over the DOM: the page uses no framework and never parses HTML from strings. */

/**
 * Finds an element of index.html.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
    const found = document.getElementById(id);
    if (!(found instanceof type)) throw new Error(`the page lacks #${id}`);
    return found;
}

/**
 * Makes an element. Properties named `class`, `role`, or with a hyphen become attributes; `on…` functions become
 * listeners; the rest are set as properties.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (value === undefined || value === null) continue;
        if (name.startsWith('on') && typeof value === 'function')
            made.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
        else if (name === 'class' || name === 'role' || name.includes('-')) made.setAttribute(name, String(value));
        else Reflect.set(made, name, value);
    }
    for (const child of children) if (child !== null) made.append(child);
    return made;
}

/**
 * An icon of the sprite in index.html, hidden from screen readers: the control around it has the label.
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
    const space = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(space, 'svg');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('aria-hidden', 'true');
    const use = document.createElementNS(space, 'use');
    use.setAttribute('href', `#icon-${name}`);
    svg.append(use);
    return svg;
}

/**
 * Calls `work` at most once per frame, however often the result is called.
 * @param {() => void} work
 * @returns {() => void}
 */
export function oncePerFrame(work) {
    let scheduled = false;
    return () => {
        if (scheduled) return;
        scheduled = true;
        requestAnimationFrame(() => {
            scheduled = false;
            work();
        });
    };
}

/** Browsers draw no frames of a page in the background. */
const LONGEST_FRAME = 250; // milliseconds

/** @returns {Promise<void>} when the next frame is drawn, at the latest after a quarter of a second */
export function nextFrame() {
    return new Promise(resolve => {
        requestAnimationFrame(() => setTimeout(resolve));
        setTimeout(resolve, LONGEST_FRAME);
    });
}

/**
 * Like oncePerFrame, but one frame later, so that a panel does not delay the frame that draws the picture.
 * @param {() => void} work
 * @returns {() => void}
 */
export function afterNextFrame(work) {
    const later = oncePerFrame(work);
    return oncePerFrame(later);
}

/**
 * Downloads bytes as a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function saveFile(blob, name) {
    const url = URL.createObjectURL(blob);
    const link = element('a', { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    // The browser reads the blob after the click returns.
    setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/**
 * Opens a native modal dialog: the browser keeps the focus inside, and Escape closes it.
 * @param {HTMLDialogElement} dialog
 */
export function openDialog(dialog) {
    if (dialog.open) return;
    dialog.showModal();
    // Without this, browsers focus the first control and scroll to it.
    const title = dialog.querySelector('h2');
    if (!title) return;
    title.tabIndex = -1;
    title.focus();
    dialog.scrollTop = 0;
}

/**
 * A click outside the dialog or on an element with data-close closes it.
 * @param {HTMLDialogElement} dialog
 */
export function prepareDialog(dialog) {
    dialog.addEventListener('click', event => {
        const target = /** @type {Element} */ (event.target);
        if (target === dialog || target.closest('[data-close]')) dialog.close();
    });
}
