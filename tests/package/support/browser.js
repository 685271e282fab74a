/** Chromium, a server of built folders, and the answers that every way of loading the package must give. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { ROOT } from '../../node/support/project.js';
import { Sonomask } from '../../../wasm/sonomask.js';

const PATIENCE = 120_000; // milliseconds: the machine may be busy

export { launch, skip } from '../../web/support/chromium.js';

/** A synthetic image. */
export const SCAN = path.join(ROOT, 'web/samples/phantom-1.png');

/** @returns {Promise<string>} SHA-256 of the mask that Node gives for SCAN */
export async function expectedMask() {
    const sonomask = await Sonomask.load();
    const { mask } = await sonomask.segment(await readFile(SCAN));
    sonomask.dispose();
    return createHash('sha256').update(mask).digest('hex');
}

/** @type {Record<string, string>} */
const TYPES = {
    '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm',
};

/**
 * Serves a folder as a plain web server does.
 * @param {string} folder
 * @param {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => boolean | void} [before]
 *     may set headers, or answer itself and return true
 * @returns {Promise<{ address: string, close: () => void }>}
 */
export async function serve(folder, before) {
    const server = createServer(async (request, response) => {
        response.setHeader('connection', 'close');
        if (before?.(request, response)) return;
        const { pathname } = new URL(request.url ?? '', 'http://localhost');
        const file = path.join(folder, decodeURIComponent(pathname), pathname.endsWith('/') ? 'index.html' : '');
        try {
            const bytes = await readFile(file);
            const type = response.getHeader('content-type') ?? TYPES[path.extname(file)] ?? 'application/octet-stream';
            response.writeHead(200, { 'content-type': type }).end(bytes);
        } catch {
            response.writeHead(404).end();
        }
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    return {
        address: `http://localhost:${port}/`,
        close() {
            server.close();
            server.closeAllConnections();
        },
    };
}

/**
 * Opens a page that has `answers` (templates/answers.js) and gives it the image.
 * @param {import('playwright-core').Browser} browser
 * @param {string} address
 * @returns {Promise<{ one: string, pool: string, requests: string[] }>} SHA-256 of the masks of Sonomask and SonomaskPool
 */
export async function answersOf(browser, address) {
    const page = await browser.newPage();
    /** @type {string[]} */
    const requests = [];
    /** @type {string[]} */
    const complaints = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    try {
        await page.goto(address, { timeout: PATIENCE });
        await page.waitForFunction('globalThis.answers', undefined, { timeout: PATIENCE });
        const image = (await readFile(SCAN)).toString('base64');
        const result = await page.evaluate((text) => Reflect.get(globalThis, 'answers')(text), image);
        return { ...result, requests };
    } catch (error) {
        throw new Error([error instanceof Error ? error.message : String(error), ...complaints].join('\n'), { cause: error });
    } finally {
        await page.close();
    }
}
