/** The package as plain files in Chromium: from its own server, from a CDN, under content security policies, and with faults. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SCAN, expectedMask, launch, serve, skip } from './support/browser.js';
import { makeProject } from './support/package.js';

const SONOMASK = '/node_modules/sonomask/wasm/sonomask.js';
const SIMD = '/node_modules/sonomask/wasm/sonomask.simd.wasm';
const WEIGHTS = '/node_modules/sonomask/weights/sonomask.safetensors';
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";

/**
 * In the page: loads the package, segments the image, and returns the hash of the mask, or code and message of the error.
 * @param {{ module: string, kind: string, options?: object, image: string }} task
 */
async function attemptIn({ module, kind, options = {}, image }) {
    const { [kind]: Kind } = await import(module);
    const bytes = Uint8Array.from(atob(image), (letter) => letter.charCodeAt(0));
    try {
        const engine = await Kind.load(options);
        const { mask } = await engine.segment(bytes);
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', mask));
        const { backend } = engine.info;
        engine.dispose();
        return { backend, mask: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') };
    } catch (error) {
        return { error: `${/** @type {any} */ (error).code}: ${/** @type {any} */ (error).message}` };
    }
}

describe('plain files', { skip }, () => {
    /** @type {import('playwright-core').Browser} */
    let browser;
    /** @type {string} */
    let expected;
    /** @type {string} */
    let image;
    /** The headers of the next answers. @type {Record<string, string>} */
    let headers = {};
    /** @type {Awaited<ReturnType<typeof serve>>} */
    let site;
    /** The same files on another origin. @type {Awaited<ReturnType<typeof serve>>} */
    let cdn;

    before(async () => {
        [browser, expected, image] = await Promise.all([launch(), expectedMask(), readFile(SCAN).then((bytes) => bytes.toString('base64'))]);
        const folder = await makeProject('hosting', ['hosting'], { 'index.html': '<!doctype html><title>sonomask</title>' });
        const files = {
            module: await readFile(path.join(folder, SIMD)),
            weights: await readFile(path.join(folder, WEIGHTS)),
        };
        site = await serve(folder, ({ url = '' }, response) => {
            // A sandboxed frame is of another origin than its own server.
            response.setHeader('access-control-allow-origin', '*');
            for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
            if (url === '/page.wasm' || url === '/page.safetensors') response.end('<!DOCTYPE html><title>Not found</title>');
            else if (url === '/text.wasm') response.writeHead(200, { 'content-type': 'text/plain' }).end(files.module);
            else if (url === '/cut.wasm') response.writeHead(200, { 'content-type': 'application/wasm' }).end(files.module.subarray(0, 99_999));
            else if (url === '/cut.safetensors') response.end(files.weights.subarray(0, 999_999));
            else return false;
            return true;
        });
        cdn = await serve(folder, (_, response) => { response.setHeader('access-control-allow-origin', '*'); });
    });
    after(async () => {
        await browser.close();
        site.close();
        cdn.close();
    });

    /**
     * @param {string} kind
     * @param {object} [options]
     * @param {{ module?: string, policy?: string, prepare?: () => void }} [circumstances]
     * @returns {Promise<{ mask?: string, backend?: string, error?: string }>}
     */
    async function outcome(kind, options, { module = SONOMASK, policy = '', prepare } = {}) {
        headers = policy ? { 'content-security-policy': policy } : {};
        const page = await browser.newPage();
        try {
            if (prepare) await page.addInitScript(prepare);
            await page.goto(site.address);
            return await page.evaluate(attemptIn, { module, kind, options, image });
        } finally {
            await page.close();
        }
    }

    /**
     * @param {Parameters<typeof outcome>} circumstances
     */
    async function works(...circumstances) {
        const { error, mask, backend } = await outcome(...circumstances);
        assert.deepEqual({ error, mask }, { error: undefined, mask: expected });
        return backend;
    }

    for (const kind of ['Sonomask', 'SonomaskPool']) {
        test(`${kind}: from the own server, also under a strict content security policy`, async () => {
            assert.equal(await works(kind), 'simd128');
            await works(kind, {}, { policy: POLICY });
        });

        test(`${kind}: from a CDN, with a worker of the own origin`, async () => {
            await works(kind, {}, { module: cdn.address.replace(/\/$/, SONOMASK) });
        });

        test(`${kind}: in a sandboxed frame under a strict policy`, async () => {
            await works(kind, {}, { policy: `sandbox allow-scripts; ${POLICY.replaceAll("'self'", `${site.address} blob:`)}` });
        });

        test(`${kind}: a wrong MIME type of the module does no harm`, async () => {
            await works(kind, { wasm: '/text.wasm' });
        });

        test(`${kind}: faults of the server are named`, async () => {
            const errors = /** @type {[object, RegExp][]} */ ([
                [{ wasm: '/page.wasm' }, /^load-wasm: .*page\.wasm: it is an HTML page/],
                [{ wasm: '/none.wasm' }, /^load-wasm: .*none\.wasm: HTTP 404/],
                [{ wasm: '/cut.wasm' }, /^load-wasm: .*cut\.wasm: it does not compile/],
                [{ weights: '/page.safetensors' }, /^load-weights: .*page\.safetensors: it is an HTML page/],
                [{ weights: '/cut.safetensors' }, /^weights: the weights from .*cut\.safetensors: ./],
            ]);
            for (const [options, message] of errors) assert.match((await outcome(kind, options)).error ?? '', message);
        });

        test(`${kind}: a policy without 'wasm-unsafe-eval' is named`, async () => {
            const { error } = await outcome(kind, {}, { policy: POLICY.replace(" 'wasm-unsafe-eval'", '') });
            assert.match(error ?? '', /^load-wasm: .*must contain 'wasm-unsafe-eval'$/);
        });

        test(`${kind}: no WebAssembly is named`, async () => {
            const { error } = await outcome(kind, {}, { prepare: () => { Reflect.deleteProperty(globalThis, 'WebAssembly'); } });
            assert.match(error ?? '', /^load-wasm: this browser has no WebAssembly/);
        });
    }

    test('without SIMD the other module is loaded', async () => {
        const { backend, error } = await outcome('Sonomask', {}, { prepare: () => { WebAssembly.validate = () => false; } });
        assert.deepEqual({ backend, error }, { backend: 'scalar', error: undefined });
    });

    test('a data URL is decoded without a request', async () => {
        const module = (await readFile(path.join(import.meta.dirname, `build/hosting${SIMD}`))).toString('base64');
        await works('Sonomask', { wasm: `data:application/wasm;base64,${module}` }, { policy: POLICY });
    });

    test('workers that the policy forbids, or that are not there, are named', async () => {
        const forbidden = await outcome('SonomaskPool', {}, { policy: POLICY.replace("worker-src 'self'", "worker-src 'none'") });
        assert.match(forbidden.error ?? '', /^worker: .*worker-src/);
        const missing = await outcome('SonomaskPool', { worker: '/none.js' });
        assert.match(missing.error ?? '', /^worker: .*could not be loaded/);
    });

    test('in a service worker Sonomask works, and SonomaskPool says that there are no workers', async () => {
        headers = {};
        const page = await browser.newPage();
        await page.goto(site.address);
        const { mask, error } = await page.evaluate(async (text) => {
            await navigator.serviceWorker.register('/service-worker.js', { type: 'module' });
            const { active } = await navigator.serviceWorker.ready;
            const channel = new MessageChannel();
            const answer = new Promise((resolve) => { channel.port1.onmessage = ({ data }) => resolve(data); });
            active?.postMessage(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), [channel.port2]);
            return /** @type {Promise<{ mask: string, error: string }>} */ (answer);
        }, image);
        assert.equal(mask, expected);
        assert.match(error, /^worker: there are no workers here.*use Sonomask/);
        await page.close();
    });
});
