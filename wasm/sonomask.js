/** The public API; its contract is sonomask.d.ts. */
export { SonomaskError } from './error.js';
export { OpenImage } from './image.js';
export { Sonomask } from './model.js';
export { SonomaskPool } from './pool.js';
