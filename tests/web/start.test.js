/** The order in which the page starts: the engine before everything else, and one worker until the first answer. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT } from '../node/support/project.js';
import { colourAt, faultsOf, loaded, settled, skip, startSite } from './support/page.js';

/** Runs before the page: notes when workers start and when the first image has its answer, and what workers are to do. */
function watchStart() {
    /** @type {string[]} */
    const events = [];
    Reflect.set(window, 'startEvents', events);
    /** @type {string[]} */
    const calls = [];
    Reflect.set(window, 'calls', calls);
    window.Worker = class extends Worker {
        /** @param {ConstructorParameters<typeof Worker>} parameters */
        constructor(...parameters) {
            super(...parameters);
            events.push(`worker while ${document.readyState}`);
        }

        /**
         * @override
         * @param {any} message
         * @param {any} [transfer]
         */
        postMessage(message, transfer) {
            if (message.method) calls.push(message.method);
            super.postMessage(message, transfer);
        }
    };
    new MutationObserver((_, observer) => {
        if (!document.querySelector('.row[data-state="done"]')) return;
        observer.disconnect();
        events.push('answer');
        performance.mark('answer');
    }).observe(document, { subtree: true, childList: true, attributes: true });
}

describe('start', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    before(async () => {
        site = await startSite();
    });
    after(() => site.close());

    test('the first worker starts before the page is parsed, the others after the first answer', async () => {
        const page = await site.open({}, async opening => {
            await opening.addInitScript(() => Object.defineProperty(navigator, 'hardwareConcurrency', { value: 3 }));
            await opening.addInitScript(watchStart);
        });
        await page.goto('about:blank');
        await page.goto(`${site.address}#sample`);
        await loaded(page);
        await settled(page, 3);
        /** @type {string[]} */
        const events = await page.evaluate(() => Reflect.get(window, 'startEvents'));
        assert.equal(events[0], 'worker while loading');
        assert.equal(events[1], 'answer');
        assert.equal(events.filter(event => event.startsWith('worker')).length, 4, 'all three workers have started, and the one that compares masks');
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('before the first answer only what it needs is requested, and module and weights by the worker', async () => {
        const page = await site.open({}, async opening => {
            await opening.addInitScript(watchStart);
        });
        await page.goto('about:blank');
        await page.goto(`${site.address}#sample`);
        await loaded(page);
        const requested = await page.evaluate(() => {
            const [answer] = performance.getEntriesByName('answer');
            const early = performance.getEntriesByType('resource').filter(({ startTime }) => startTime < Number(answer?.startTime));
            return early.map(({ name }) => new URL(name).pathname).filter(address => !address.endsWith('/worker.js'));
        });
        assert.deepEqual(requested.sort(), [
            '/web/app.js', '/web/engine/first.js', '/web/samples/phantom-1.png', '/web/samples/phantom-2.png', '/web/samples/phantom-3.png',
            '/web/styles/page.css', '/weights/SHA256SUMS',
        ]);
        const icon = await readFile(path.join(ROOT, 'web/icons/logo.svg'), 'base64');
        assert.equal(await page.locator('link[rel="icon"]').getAttribute('href'), `data:image/svg+xml;base64,${icon}`);
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('where a sample comes first, no blank image runs for warming up', async () => {
        const page = await site.open({}, async opening => {
            await opening.addInitScript(watchStart);
        });
        await page.goto('about:blank');
        await page.goto(`${site.address}#sample`);
        await loaded(page);
        await settled(page, 3);
        /** @type {string[]} */
        const calls = await page.evaluate(() => Reflect.get(window, 'calls'));
        assert.equal(calls.filter(call => call === 'segment').length, 3);
        await page.context().close();
    });

    test('a picture that is there before the viewer has its size is drawn with that', async () => {
        const page = await site.open({}, async opening => {
            await opening.addInitScript(() => {
                window.ResizeObserver = class extends ResizeObserver {
                    /** @param {ResizeObserverCallback} callback */
                    constructor(callback) {
                        super((...parameters) => void setTimeout(callback, 1000, ...parameters));
                    }
                };
            });
        });
        await page.goto('about:blank');
        await page.goto(`${site.address}#sample`);
        await loaded(page);
        await page.waitForFunction(() => document.querySelector('canvas')?.width !== 0 && performance.getEntriesByName('first-mask').length > 0);
        const [red = 0] = await colourAt(page, 0.5, 0.5);
        assert.ok(red > 0);
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('a page that opens without an image has all workers ready, and then requests nothing for one', async () => {
        const page = await site.open({}, async opening => {
            await opening.addInitScript(watchStart);
        });
        await loaded(page);
        assert.ok(await page.locator('#start').isVisible());
        const workers = () => page.evaluate(() => Reflect.get(window, 'startEvents').filter((/** @type {string} */ event) => event !== 'answer').length);
        const ready = await workers();
        assert.ok(ready >= 1);
        const served = site.served.length;
        await page.getByRole('button', { name: 'Try a sample' }).click();
        await settled(page, 3);
        assert.equal(await workers(), ready, 'no worker starts for the images');
        assert.deepEqual(site.served.slice(served).filter(address => !address.startsWith('/web/samples/')), []);
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });
});
