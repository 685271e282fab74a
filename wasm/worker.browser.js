/** The script of the pool's workers in browsers. */
import { serveInBrowser } from './worker-calls.js';

serveInBrowser();
