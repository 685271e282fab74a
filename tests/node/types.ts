/** Checked by the type checker, never run: what is implemented is what the typings promise. */
import { SonomaskError } from '../../wasm/error.js';
import { Sonomask } from '../../wasm/model.js';
import { SonomaskPool } from '../../wasm/pool.js';
import type * as promised from '../../wasm/sonomask.js';

export const load: typeof promised.Sonomask.load = Sonomask.load;
export const loadPool: typeof promised.SonomaskPool.load = SonomaskPool.load;
export const error: typeof promised.SonomaskError = SonomaskError;
