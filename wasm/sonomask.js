/** The public API; its contract is sonomask.d.ts. */
export { SonomaskError } from './error.js';
export { Sonomask } from './model.js';
export { SonomaskPool } from './pool.js';
