/** The public API for edge runtimes (conditions "workerd" and "edge-light"); its contract is sonomask.d.ts. */
import { Sonomask as Engine } from './model.js';
import { edge } from './platform-edge.js';
import { SonomaskPool as Pool } from './pool.js';

export { SonomaskError } from './error.js';
export { OpenImage } from './image.js';

export class Sonomask extends Engine {
    /** @override */
    static platform = edge;
}

export class SonomaskPool extends Pool {
    /** @override */
    static platform = edge;
}
