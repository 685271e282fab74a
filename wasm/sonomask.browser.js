/** The public API for bundlers for browsers (condition "browser"); its contract is sonomask.d.ts. */
import { Sonomask as Engine } from './model.js';
import { browser } from './platform-browser.js';
import { SonomaskPool as Pool } from './pool.js';

export { SonomaskError } from './error.js';
export { OpenImage } from './image.js';

export class Sonomask extends Engine {
    /** @override */
    static platform = browser;
}

export class SonomaskPool extends Pool {
    /** @override */
    static platform = browser;
}
