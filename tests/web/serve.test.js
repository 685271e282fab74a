/** The page's server serves the page's files with its policy, and nothing else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { spawn } from 'node:child_process';
import { CONTENT_SECURITY_POLICY, createPageServer } from '../../web/serve.js';
import { ROOT, temporaryFolder } from '../node/support/project.js';

const server = createPageServer();
let port = 0;

before(async () => {
    server.listen(0, 'localhost');
    await once(server, 'listening');
    ({ port } = /** @type {import('node:net').AddressInfo} */ (server.address()));
});
after(() => server.close());

/**
 * Sends the path as it is; fetch would normalise it.
 * @param {string} target
 * @param {string} [method]
 * @param {number} [at]
 * @param {import('node:http').OutgoingHttpHeaders} [headers]
 * @returns {Promise<{ status: number, headers: import('node:http').IncomingHttpHeaders, body: string }>}
 */
async function ask(target, method = 'GET', at = port, headers = {}) {
    const sent = request({ host: 'localhost', port: at, path: target, method, headers, agent: false });
    sent.end();
    const [response] = await once(sent, 'response');
    let body = '';
    for await (const part of response) body += part;
    return { status: response.statusCode, headers: response.headers, body };
}

test('every kind of file has its content type and the content security policy', async () => {
    for (const [target, type] of [
        ['/web/', 'text/html; charset=utf-8'],
        ['/web/app.js', 'text/javascript; charset=utf-8'],
        ['/web/styles/base.css', 'text/css; charset=utf-8'],
        ['/web/icons/logo.svg', 'image/svg+xml; charset=utf-8'],
        ['/web/samples/phantom-1.png', 'image/png'],
        ['/web/manifest.webmanifest', 'application/manifest+json; charset=utf-8'],
        ['/web/vendor/fflate.js', 'text/javascript; charset=utf-8'],
        ['/web/input/decoder.js', 'text/javascript; charset=utf-8'],
        ['/wasm/vendor/openjpeg.wasm', 'application/wasm'],
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

test('the root redirects to the page', async () => {
    const { status, headers } = await ask('/');
    assert.equal(status, 302);
    assert.equal(headers.location, '/web/');
});

test('no file outside the page is served, however the path is written', async () => {
    for (const target of [
        '/package.json', '/web/../package.json', '/web/%2e%2e/package.json', '/web/..%2fpackage.json', '/web/%5c..%5cpackage.json',
        '/web//../../etc/passwd', '/src/sonomask.h', '/node_modules/fflate/package.json', '/.git/config', '/web/.env', '/web/%00',
        '/web/none.js', '/web/styles', '//etc/passwd', '/wasm/exports.c',
    ])
        assert.equal((await ask(target)).status, 404, target);
    assert.equal((await ask('/web/%')).status, 400);
    assert.equal((await ask('/web/', 'POST')).status, 405);
});

test('a symbolic link to a file outside the folder is not followed', async context => {
    const folder = await temporaryFolder(context);
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

/**
 * @param {import('node:test').TestContext} context
 * @param {Record<string, string>} files
 * @returns {Promise<{ at: number, change: (file: string, text: string) => Promise<void> }>} a server of these files alone
 */
async function serving(context, files) {
    const root = await temporaryFolder(context);
    const change = async (/** @type {string} */ file, /** @type {string} */ text) => {
        await mkdir(path.dirname(path.join(root, file)), { recursive: true });
        await writeFile(path.join(root, file), text);
    };
    for (const [file, text] of Object.entries(files)) await change(file, text);
    const small = createPageServer({ root });
    context.after(() => void small.close());
    small.listen(0, 'localhost');
    await once(small, 'listening');
    return { at: /** @type {import('node:net').AddressInfo} */ (small.address()).port, change };
}

test('the modules are bundled, and bundled again when one of them changes', async context => {
    const { at, change } = await serving(context, {
        'web/app.js': `import { word } from './part.js';\nconsole.log(word);\n`,
        'web/part.js': `export const word = 'old';\n`,
    });
    const first = await ask('/web/app.js', 'GET', at);
    assert.match(first.body, /"old"/);
    assert.equal((await ask('/web/app.js', 'GET', at, { 'if-none-match': first.headers.etag })).status, 304);
    await change('web/part.js', `export const word = 'brand new';\n`);
    const second = await ask('/web/app.js', 'GET', at, { 'if-none-match': first.headers.etag });
    assert.equal(second.status, 200);
    assert.match(second.body, /"brand new"/);
});

test('a page that cannot be bundled gives status 500, not 404', async context => {
    const { mock } = context.mock.method(process.stderr, 'write', () => true);
    const { at } = await serving(context, { 'web/app.js': `import * as all from './part.js';\n` });
    assert.equal((await ask('/web/app.js', 'GET', at)).status, 500);
    assert.equal(mock.calls[0]?.arguments[0], 'serve: /web/app.js: web/app.js:1: web/part.js is missing\n');
});

test('text and code are compressed when the client accepts gzip', async () => {
    const target = '/web/styles/base.css';
    const plain = await ask(target);
    const small = await ask(target, 'GET', port, { 'accept-encoding': 'gzip, br' });
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(small.headers['content-encoding'], 'gzip');
    assert.ok(Number(small.headers['content-length']) < Number(plain.headers['content-length']) / 2);
    assert.equal((await ask('/web/samples/phantom-1.png', 'HEAD', port, { 'accept-encoding': 'gzip' })).headers['content-encoding'], undefined);
});

test('the page contains the same policy', async () => {
    const page = await readFile(path.join(ROOT, 'web/index.html'), 'utf8');
    const own = page.match(/Content-Security-Policy" content="([^"]+)"/)?.[1];
    // frame-ancestors works only in a header.
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
