/** The part of the matrix that belongs to `make test`: the packed package, built by the newest Vite and by esbuild, in Chromium. */
import { after, before, describe, test } from 'node:test';
import { expectedMask, launch, skip } from './support/browser.js';
import { buildWithEsbuild, buildWithVite, isServedWell } from './support/bundles.js';

describe('packed package', { skip }, () => {
    /** @type {import('playwright-core').Browser} */
    let browser;
    /** @type {string} */
    let expected;

    before(async () => {
        [browser, expected] = await Promise.all([launch(), expectedMask()]);
    });
    after(() => browser.close());

    test('Vite', async () => {
        await isServedWell(browser, await buildWithVite(await import('vite'), 'newest-vite'), expected);
    });

    test('esbuild', async () => {
        await isServedWell(browser, await buildWithEsbuild('newest-esbuild'), expected);
    });
});
