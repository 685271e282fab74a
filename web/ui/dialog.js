/** Native modal dialogs: the browser keeps the focus inside, Escape closes, the backdrop is ours to style. */

/** @param {HTMLDialogElement} dialog */
export function openDialog(dialog) {
    if (dialog.open) return;
    dialog.showModal();
    // To where reading begins; browsers would go to, and scroll to, the first control.
    const title = dialog.querySelector('h2');
    if (!title) return;
    title.tabIndex = -1;
    title.focus();
    dialog.scrollTop = 0;
}

/**
 * Closes on a click beside the dialog and on every element with data-close in it.
 * @param {HTMLDialogElement} dialog
 */
export function prepareDialog(dialog) {
    dialog.addEventListener('click', event => {
        const target = /** @type {Element} */ (event.target);
        if (target === dialog || target.closest('[data-close]')) dialog.close();
    });
}
