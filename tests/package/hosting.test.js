/** The package as plain files in Chromium: from its own server, from a CDN, under content security policies, and with faults. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SCAN, expectedMask, launch, skip } from './support/browser.js';
import { FAULTS, POLICY, SIMD, SONOMASK, attemptIn, startHosts } from './support/hosting.js';

describe('plain files', { skip }, () => {
    /** @type {import('playwright-core').Browser} */
    let browser;
    /** @type {string} */
    let expected;
    /** @type {string} */
    let image;
    /** @type {import('./support/hosting.js').Hosts} */
    let hosts;

    before(async () => {
        [browser, expected, image] = await Promise.all([launch(), expectedMask(), readFile(SCAN).then((bytes) => bytes.toString('base64'))]);
        hosts = await startHosts('hosting');
    });
    after(async () => {
        await browser.close();
        hosts.close();
    });

    /**
     * @param {string} kind
     * @param {object} [options]
     * @param {{ module?: string, policy?: string, prepare?: () => void }} [circumstances]
     * @returns {Promise<{ mask?: string, backend?: string, error?: string }>}
     */
    async function outcome(kind, options, { module = SONOMASK, policy = '', prepare } = {}) {
        hosts.headers = policy ? { 'content-security-policy': policy } : {};
        const page = await browser.newPage();
        try {
            if (prepare) await page.addInitScript(prepare);
            await page.goto(hosts.address);
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
            await works(kind, {}, { module: hosts.cdn.replace(/\/$/, SONOMASK) });
        });

        test(`${kind}: in a sandboxed frame under a strict policy`, async () => {
            await works(kind, {}, { policy: `sandbox allow-scripts; ${POLICY.replaceAll("'self'", hosts.address)} data:` });
        });

        test(`${kind}: a wrong MIME type of the module does no harm`, async () => {
            await works(kind, { wasm: '/text.wasm' });
        });

        test(`${kind}: faults of the server are named`, async () => {
            for (const [options, message] of FAULTS) assert.match((await outcome(kind, options)).error ?? '', message);
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
        hosts.headers = {};
        const page = await browser.newPage();
        await page.goto(hosts.address);
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
