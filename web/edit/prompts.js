/** Clicks and a box for the network. */

/** None of them. Prompts are never changed in place, so they are compared by identity. @type {import('../../wasm/sonomask.js').Prompts} */
export const NO_PROMPTS = Object.freeze({ clicks: [] });
