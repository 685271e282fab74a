/** Clicks and a box for the network. */

/** None of them. Prompts are never changed in place, so they are compared by identity. @type {import('../../wasm/sonomask.js').Prompts} */
export const NO_PROMPTS = Object.freeze({ clicks: [] });

/**
 * @param {import('../../wasm/sonomask.js').Prompts} prompts also those of another copy of this module, see late.js
 * @returns {boolean} whether there is a click or a box
 */
export function hasPrompts({ clicks = [], box }) {
    return clicks.length > 0 || box !== undefined;
}
