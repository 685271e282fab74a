#!/usr/bin/env node
/**
 * A small static server for the page, without dependencies:
 *
 *     node web/serve.js [--port N] [--host NAME]
 *
 * It serves the folders that the page uses and nothing else, with the content security policy as a header too.
 * A port that is taken is an error; port 0 asks the system for a free one.
 */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const DEFAULT_PORT = 8080;

/** Libraries that the page loads only when it needs them, from where npm puts them. */
export const LIBRARIES = {
    '/web/vendor/dicom-parser.js': 'node_modules/dicom-parser/dist/dicomParser.min.js',
    '/web/vendor/fflate.js': 'node_modules/fflate/esm/browser.js',
};

/** Where a request may lead; everything else does not exist. */
const FOLDERS = ['/web/', '/wasm/', '/weights/', '/build/wasm/'];

/** By extension, or by the whole name of a file that has none. @type {Record<string, string>} */
const TYPES = {
    SHA256SUMS: 'text/plain; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.json': 'application/json; charset=utf-8',
    '.md': 'text/markdown; charset=utf-8',
    '.png': 'image/png',
    '.safetensors': 'application/octet-stream',
    '.svg': 'image/svg+xml; charset=utf-8',
    '.txt': 'text/plain; charset=utf-8',
    '.wasm': 'application/wasm',
    '.webmanifest': 'application/manifest+json; charset=utf-8',
};

/** The same policy as the page's own meta tag, with what only a header can say. */
export const CONTENT_SECURITY_POLICY = [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "connect-src 'self'",
    "worker-src 'self'",
    "img-src 'self' blob: data:",
    'media-src blob:',
    "style-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
].join('; ');

/**
 * @param {string} file
 * @returns {string | undefined} undefined for a kind of file that the page has no use for
 */
function typeOf(file) {
    return TYPES[path.extname(file) || path.basename(file)];
}

/**
 * @param {string} requested path of a URL, decoded
 * @returns {string | null} the file's path below the root, or null when there is none to give
 */
function routeOf(requested) {
    if (requested.includes('\0') || requested.includes('\\')) return null;
    const normal = path.posix.normalize(requested);
    const library = /** @type {Record<string, string>} */ (LIBRARIES)[normal];
    if (library) return library;
    if (!FOLDERS.some(folder => normal.startsWith(folder))) return null;
    const file = normal.endsWith('/') ? `${normal}index.html` : normal;
    return typeOf(file) ? file.slice(1) : null;
}

/**
 * @param {string} requested
 * @param {string} root
 * @returns {Promise<{ file: string, size: number } | null>} a regular file inside the root, links followed
 */
async function find(requested, root) {
    const route = routeOf(requested);
    if (!route) return null;
    try {
        const file = await realpath(path.join(root, route));
        const inside = await realpath(root);
        if (!file.startsWith(inside + path.sep)) return null;
        const { size } = await stat(file).then(found => (found.isFile() ? found : Promise.reject(new Error('no file'))));
        return { file, size };
    } catch {
        return null;
    }
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {string} root
 */
async function answer(request, response, root) {
    response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cache-Control', 'no-cache');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { Allow: 'GET, HEAD' }).end();
        return;
    }
    /** @type {string} */
    let requested;
    try {
        requested = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    } catch {
        response.writeHead(400).end();
        return;
    }
    if (requested === '/' || requested === '/web') {
        response.writeHead(302, { Location: '/web/' }).end();
        return;
    }
    const found = await find(requested, root);
    if (!found) {
        response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('not found\n');
        return;
    }
    response.writeHead(200, {
        'Content-Type': typeOf(found.file) ?? 'application/octet-stream',
        'Content-Length': found.size,
    });
    if (request.method === 'HEAD') response.end();
    else createReadStream(found.file).on('error', () => response.destroy()).pipe(response);
}

/**
 * @param {{ root?: string }} [options]
 * @returns {import('node:http').Server} not yet listening
 */
export function createPageServer({ root = ROOT } = {}) {
    return createServer((request, response) => {
        answer(request, response, root).catch(() => response.destroy());
    });
}

function main() {
    const { values } = parseArgs({
        options: { port: { type: 'string' }, host: { type: 'string' }, help: { type: 'boolean' } },
    });
    if (values.help) {
        process.stdout.write('usage: node web/serve.js [--port N] [--host NAME]\n');
        return;
    }
    const port = Number(values.port ?? process.env['PORT'] ?? DEFAULT_PORT);
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
        process.stderr.write(`serve: ${values.port} is no port\n`);
        process.exitCode = 2;
        return;
    }
    const host = values.host ?? 'localhost';
    const server = createPageServer();
    server.on('error', error => {
        process.stderr.write(`serve: ${error.message}\n`);
        process.exitCode = 1;
    });
    server.listen(port, host, () => {
        const address = /** @type {import('node:net').AddressInfo} */ (server.address());
        process.stdout.write(`sonomask is at http://${host}:${address.port}/web/ (Ctrl-C stops)\n`);
    });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
    try {
        main();
    } catch (error) {
        process.stderr.write(`serve: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exitCode = 2;
    }
}
