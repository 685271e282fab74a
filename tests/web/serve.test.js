/** The page's server gives what the page needs, with its policy, and nothing else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { spawn } from 'node:child_process';
import { CONTENT_SECURITY_POLICY, createPageServer } from '../../web/serve.js';
import { ROOT } from './support/page.js';

const server = createPageServer();
let port = 0;

before(async () => {
    server.listen(0, 'localhost');
    await once(server, 'listening');
    ({ port } = /** @type {import('node:net').AddressInfo} */ (server.address()));
});
after(() => server.close());

/**
 * Asks without tidying the path up first, as fetch would.
 * @param {string} target
 * @param {string} [method]
 * @param {number} [at]
 * @returns {Promise<{ status: number, headers: import('node:http').IncomingHttpHeaders, body: string }>}
 */
async function ask(target, method = 'GET', at = port) {
    const sent = request({ host: 'localhost', port: at, path: target, method, agent: false });
    sent.end();
    const [response] = await once(sent, 'response');
    let body = '';
    for await (const part of response) body += part;
    return { status: response.statusCode, headers: response.headers, body };
}

test('every kind of file has its type, and the policy comes with it', async () => {
    for (const [target, type] of [
        ['/web/', 'text/html; charset=utf-8'],
        ['/web/app.js', 'text/javascript; charset=utf-8'],
        ['/web/styles/base.css', 'text/css; charset=utf-8'],
        ['/web/icons/logo.svg', 'image/svg+xml; charset=utf-8'],
        ['/web/samples/benign.png', 'image/png'],
        ['/web/manifest.webmanifest', 'application/manifest+json; charset=utf-8'],
        ['/web/vendor/fflate.js', 'text/javascript; charset=utf-8'],
        ['/web/vendor/dicom-parser.js', 'text/javascript; charset=utf-8'],
        ['/weights/SHA256SUMS', 'text/plain; charset=utf-8'],
        ['/wasm/sonomask.js', 'text/javascript; charset=utf-8'],
    ]) {
        const { status, headers } = await ask(/** @type {string} */ (target), 'HEAD');
        assert.equal(status, 200, target);
        assert.equal(headers['content-type'], type, target);
        assert.equal(headers['content-security-policy'], CONTENT_SECURITY_POLICY);
        assert.equal(headers['x-content-type-options'], 'nosniff');
    }
});

test('the root leads to the page', async () => {
    const { status, headers } = await ask('/');
    assert.equal(status, 302);
    assert.equal(headers.location, '/web/');
});

test('nothing outside the page is given, however the path is written', async () => {
    for (const target of [
        '/package.json', '/web/../package.json', '/web/%2e%2e/package.json', '/web/..%2fpackage.json', '/web/%5c..%5cpackage.json',
        '/web//../../etc/passwd', '/src/sonomask.h', '/node_modules/fflate/package.json', '/.git/config', '/web/.env', '/web/%00',
        '/web/none.js', '/web/styles', '//etc/passwd', '/wasm/exports.c',
    ])
        assert.equal((await ask(target)).status, 404, target);
    assert.equal((await ask('/web/%')).status, 400);
    assert.equal((await ask('/web/', 'POST')).status, 405);
});

test('a link that leads out of the folder is not followed', async context => {
    const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-serve-'));
    context.after(() => rm(folder, { recursive: true }));
    await mkdir(path.join(folder, 'site/web'), { recursive: true });
    await writeFile(path.join(folder, 'secret.txt'), 'secret');
    await symlink(path.join(folder, 'secret.txt'), path.join(folder, 'site/web/link.txt'));
    const small = createPageServer({ root: path.join(folder, 'site') });
    context.after(() => void small.close());
    small.listen(0, 'localhost');
    await once(small, 'listening');
    const address = /** @type {import('node:net').AddressInfo} */ (small.address());
    assert.equal((await ask('/web/link.txt', 'GET', address.port)).status, 404);
});

test('the page says the same policy itself', async () => {
    const page = await readFile(path.join(ROOT, 'web/index.html'), 'utf8');
    const own = page.match(/Content-Security-Policy" content="([^"]+)"/)?.[1];
    // frame-ancestors may only be said in a header.
    assert.equal(`${own}; frame-ancestors 'none'`, CONTENT_SECURITY_POLICY);
    assert.ok(!/ style="| on[a-z]+="|<style|<script>/.test(page), 'nothing inline');
});

test('the command prints its address; a wrong port is wrong usage', async () => {
    const command = path.join(ROOT, 'web/serve.js');
    const child = spawn(process.execPath, [command, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(child.stdout, 'data');
    const address = String(line).match(/http:\/\/localhost:\d+\/web\//)?.[0];
    assert.ok(address);
    assert.equal((await fetch(address)).status, 200);
    child.kill();
    const wrong = spawn(process.execPath, [command, '--port', 'many'], { stdio: 'ignore' });
    const [status] = await once(wrong, 'exit');
    assert.equal(status, 2);
});
