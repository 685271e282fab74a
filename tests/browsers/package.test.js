/** The package as plain files in Firefox and WebKitGTK: the mask of Node, and the errors that it promises. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { SCAN, expectedMask } from '../package/support/browser.js';
import { FAULTS, POLICY, SONOMASK, attemptIn, startHosts } from '../package/support/hosting.js';
import { BROWSERS } from './support/browser.js';

for (const { name: browser, skip, start } of BROWSERS)
    describe(`the package in ${browser}`, { skip }, () => {
        /** @type {import('./support/browser.js').Tab} */
        let tab;
        /** @type {import('../package/support/hosting.js').Hosts} */
        let hosts;
        /** @type {string} */
        let expected;
        /** @type {string} */
        let image;
        before(async () => {
            [hosts, expected, image, tab] = await Promise.all([
                startHosts(`browsers-${browser.toLowerCase()}`), expectedMask(), readFile(SCAN, 'base64'), start(),
            ]);
        });
        after(async () => {
            await tab?.close();
            hosts?.close();
        });

        /**
         * @param {string} kind
         * @param {object} [options]
         * @param {{ module?: string, policy?: string }} [circumstances]
         */
        async function outcome(kind, options = {}, { module = SONOMASK, policy = '' } = {}) {
            hosts.headers = policy ? { 'content-security-policy': policy } : {};
            await tab.go(hosts.address);
            return tab.run(attemptIn, { module, kind, options, image });
        }

        /** @param {Parameters<typeof outcome>} circumstances */
        async function works(...circumstances) {
            assert.deepEqual(await outcome(...circumstances), { mask: expected, backend: 'simd128' });
        }

        for (const kind of ['Sonomask', 'SonomaskPool']) {
            test(`${kind}: from the own server, also under a strict content security policy`, async () => {
                await works(kind);
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
        }

        test('workers that the policy forbids, or that are not there, are named', async () => {
            const forbidden = await outcome('SonomaskPool', {}, { policy: POLICY.replace("worker-src 'self'", "worker-src 'none'") });
            assert.match(forbidden.error ?? '', /^worker: .*worker-src/);
            const missing = await outcome('SonomaskPool', { worker: '/none.js' });
            assert.match(missing.error ?? '', /^worker: .*could not be loaded/);
        });

        test('in a service worker Sonomask works, and SonomaskPool says that there are no workers', async () => {
            hosts.headers = {};
            await tab.go(hosts.address);
            const answer = await tab.run(async text => {
                await navigator.serviceWorker.register('/service-worker.js', { type: 'module' });
                const { active } = await navigator.serviceWorker.ready;
                const channel = new MessageChannel();
                const answering = new Promise(resolve => { channel.port1.onmessage = ({ data }) => resolve(data); });
                active?.postMessage(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)), [channel.port2]);
                return /** @type {Promise<{ mask: string, error: string }>} */ (answering);
            }, image);
            assert.equal(answer.mask, expected);
            assert.match(answer.error, /^worker: there are no workers here.*use Sonomask/);
        });
    });
