#!/usr/bin/env node
/**
 * A small static server for the page:
 *
 *     node web/serve.js [--port N] [--host NAME]
 *
 * It serves only the folders that the page uses, and sends the content security policy as a header too. The modules of
 * the page are joined into one file, and so are its styles; it starts several times as fast. The page also works from any
 * other server of the same folders, with separate files. A port that is in use is an error; port 0 takes a free one.
 */
import { createHash } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { bundle } from './bundle.js';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const DEFAULT_PORT = 8080;

/** Libraries that the page loads when it needs them: the address, and the file in node_modules. */
export const LIBRARIES = {
    '/web/vendor/fflate.js': 'node_modules/fflate/esm/browser.js',
};

/** Modules and styles that are served joined with everything that they import, except each other. */
const ENTRIES = ['web/styles/page.css', 'web/app.js', 'web/late.js', 'web/archive/start.js', 'web/engine/worker.js', 'web/compare/worker.js', 'web/input/decoder.js'];

/**
 * @param {string} file below the root
 * @returns {boolean} whether the server serves it as a file of its own
 */
export function isServedAlone(file) {
    return `/${file}` in LIBRARIES || ENTRIES.includes(file);
}

/** The folders that are served. */
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

/** The policy of the page's meta tag, with frame-ancestors, which works only in a header. */
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

/** The page may ask for a camera and for another window (the live picture), and for nothing else; no frame in it may. */
export const PERMISSIONS_POLICY = 'camera=(self), display-capture=(self), microphone=(), geolocation=()';

/**
 * @param {string} file
 * @returns {string | undefined} undefined for a kind of file that the page does not use
 */
function typeOf(file) {
    return TYPES[path.extname(file) || path.basename(file)];
}

/**
 * @param {string} requested path of a URL, decoded
 * @returns {string | null} the file's path below the root, or null when no such file is served
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
 * A response's content, cached between requests.
 * @typedef {object} Content
 * @property {string} type
 * @property {string} tag changes when the content does
 * @property {Buffer} bytes
 * @property {Buffer | null} compressed by gzip; null where that saves little
 */

/** Types that gzip makes much smaller. */
const COMPRESSIBLE = /^(text\/|application\/(wasm|json|manifest)|image\/svg)/;

/**
 * Synchronous: a joined module has a hundred files, and as many waits for other threads would take longer than all else.
 * @param {string[]} files
 * @returns {string} another text when one of them changes or disappears
 */
function stampOf(files) {
    const stats = files.map(file => statSync(file, { throwIfNoEntry: false }));
    return stats.map(stat => (stat ? `${stat.mtimeMs}-${stat.size}` : '')).join(' ');
}

/** The page's files, read and compressed once; read again when they have changed. */
class Site {
    #root;
    /** By route; a joined module is made of many files. @type {Map<string, { files: string[], stamp: string, content: Content }>} */
    #kept = new Map();

    /** @param {string} root */
    constructor(root) {
        this.#root = root;
    }

    /**
     * @param {string} requested path of a URL, decoded
     * @returns {Promise<Content | null>} null where there is no regular file inside the root, links followed
     */
    async find(requested) {
        const route = routeOf(requested);
        const file = route && this.#fileOf(route);
        if (!route || !file) return null;
        const kept = this.#kept.get(route);
        if (kept && kept.stamp === stampOf(kept.files)) return kept.content;
        const { bytes, files } = ENTRIES.includes(route) ? await this.#join(route) : { bytes: await readFile(file), files: [file] };
        const stamp = stampOf(files);
        const type = typeOf(route) ?? 'application/octet-stream';
        const compressed = COMPRESSIBLE.test(type) ? await promisify(gzip)(bytes) : null;
        const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
        const content = { type, tag, bytes, compressed };
        this.#kept.set(route, { files, stamp, content });
        return content;
    }

    /**
     * @param {string} route
     * @returns {string | null} the file itself, links followed; null when there is none inside the root
     */
    #fileOf(route) {
        try {
            const file = realpathSync.native(path.join(this.#root, route));
            return file.startsWith(realpathSync.native(this.#root) + path.sep) && statSync(file).isFile() ? file : null;
        } catch {
            return null;
        }
    }

    /**
     * @param {string} entry
     * @returns {Promise<{ bytes: Buffer, files: string[] }>}
     */
    async #join(entry) {
        /** @type {string[]} */
        const files = [];
        const { code } = await bundle(entry, {
            read: async part => {
                const file = this.#fileOf(part);
                if (!file) throw new Error(`${part} is missing`);
                files.push(file);
                return readFile(file, 'utf8');
            },
            isExternal: isServedAlone,
        });
        return { bytes: Buffer.from(code), files };
    }
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {Site} site
 */
async function answer(request, response, site) {
    response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    response.setHeader('Permissions-Policy', PERMISSIONS_POLICY);
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
    const found = await site.find(requested);
    if (!found) {
        response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('not found\n');
        return;
    }
    const { type, tag, bytes, compressed } = found;
    response.setHeader('ETag', tag);
    response.setHeader('Vary', 'Accept-Encoding');
    if (request.headers['if-none-match'] === tag) {
        response.writeHead(304).end();
        return;
    }
    const accepted = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    if (compressed && accepted) response.setHeader('Content-Encoding', 'gzip');
    const body = compressed && accepted ? compressed : bytes;
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
}

/**
 * @param {{ root?: string }} [options]
 * @returns {import('node:http').Server} not yet listening
 */
export function createPageServer({ root = ROOT } = {}) {
    const site = new Site(root);
    return createServer((request, response) => {
        answer(request, response, site).catch(error => {
            process.stderr.write(`serve: ${request.url}: ${error instanceof Error ? error.message : String(error)}\n`);
            if (response.headersSent) response.destroy();
            else response.writeHead(500).end();
        });
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
        process.stderr.write(`serve: ${values.port} is not a port\n`);
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
