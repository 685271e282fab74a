/** The headers of the page, in the syntax of each web server. */
import { CONTENT_SECURITY_POLICY, PERMISSIONS_POLICY } from '../serve.js';

/**
 * `no-cache` means: kept, but asked for again with the entity tag before each use. So a new release replaces all files
 * of the page at once, and an unchanged file costs an answer without content.
 * @type {[string, string][]}
 */
export const PAGE_HEADERS = [
    ['Content-Security-Policy', CONTENT_SECURITY_POLICY],
    ['Permissions-Policy', PERMISSIONS_POLICY],
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'no-referrer'],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['Cache-Control', 'no-cache'],
];

/** @param {(name: string, value: string) => string} line */
const lines = line => (/** @type {string} */ indent) =>
    PAGE_HEADERS.map(([name, value]) => indent + line(name, value)).join('\n');

/** By file of web/release/hosting: the lines in place of the mark. @type {Record<string, (indent: string) => string>} */
export const HEADERS = {
    'nginx.conf': lines((name, value) => `add_header ${name} "${value}" always;`),
    'apache.conf': lines((name, value) => `Header always set ${name} "${value}"`),
    Caddyfile: lines((name, value) => `${name} "${value}"`),
    _headers: lines((name, value) => `${name}: ${value}`),
};
