/** The public API for Node, Bun and Deno, and for browsers as plain files; its contract is sonomask.d.ts. */
import { Sonomask as Engine } from './model.js';
import { browser } from './platform-browser.js';
import { isNode, node } from './platform-node.js';
import { SonomaskPool as Pool } from './pool.js';

export { SonomaskError } from './error.js';
export { OpenImage } from './image.js';

const platform = isNode() ? node : browser;

export class Sonomask extends Engine {
    /** @override */
    static platform = platform;
}

export class SonomaskPool extends Pool {
    /** @override */
    static platform = platform;
}
