/** Serves the bench's page, the package, the peers and the models, to this machine only, without COOP and COEP. */
import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { ROOT } from '../lib/project.js';

/** @type {Record<string, string>} */
const TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.mjs': 'text/javascript; charset=utf-8',
    '.wasm': 'application/wasm',
};

/**
 * @param {string} models folder
 * @returns {Promise<{ address: string, close: () => Promise<void> }>}
 */
export async function startServer(models) {
    const folders = { '/models/': models, '/wasm/': path.join(ROOT, 'wasm'), '/tests/bench/': path.join(ROOT, 'tests/bench') };
    /** @param {string} requested */
    const find = async requested => {
        for (const [prefix, folder] of Object.entries(folders)) {
            if (!requested.startsWith(prefix)) continue;
            const file = await realpath(path.join(folder, requested.slice(prefix.length)));
            return file.startsWith(folder + path.sep) ? file : null;
        }
        return null;
    };
    const server = createServer((request, response) => {
        find(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)).catch(() => null).then(file => {
            if (!file) {
                response.writeHead(404).end();
                return;
            }
            response.writeHead(200, { 'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream' });
            createReadStream(file).on('error', () => response.destroy()).pipe(response);
        }, () => response.destroy());
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    return {
        address: `http://localhost:${port}/tests/bench/page/index.html`,
        async close() {
            const closed = once(server, 'close');
            server.close();
            server.closeAllConnections();
            await closed;
        },
    };
}
