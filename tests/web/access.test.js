/** Accessibility: axe-core on every view, both languages, light and dark; keyboard; announcements; small screens. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { png } from '../node/support/images.js';
import { makePromptWeights } from '../node/support/prompts.js';
import { answered, faultsOf, loaded, nextFrame, pick, saved, settled, skip, startSite } from './support/page.js';
import { sample } from './support/samples.js';
import { withoutLesions } from './support/weights.js';

/** Folder for screenshots of every view; none are made when it is unset. */
const PICTURES = process.env['SONOMASK_SCREENSHOTS'];
/** `make test-access` looks at all of them. */
const LOOKS = /** @type {const} */ ([
    ['ar', 'dark', { width: 390, height: 844 }],
    ['en', 'light', { width: 1440, height: 900 }],
    ['en', 'dark', { width: 390, height: 844 }],
    ['ar', 'light', { width: 1440, height: 900 }],
]).slice(0, PICTURES || process.env['SONOMASK_EVERY_LOOK'] ? 4 : 1);
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/**
 * @param {import('./support/page.js').Page} page
 * @param {string} name of the view
 */
async function check(page, name) {
    if (PICTURES) {
        await mkdir(PICTURES, { recursive: true });
        await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
    }
    const found = await page.evaluate(async () => {
        /** @type {any} */
        const { axe } = globalThis;
        const { violations } = await axe.run(document, { resultTypes: ['violations'] });
        return violations.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.map((/** @type {any} */ node) => node.target).join(' ')}`);
    });
    assert.deepEqual(found, [], name);
}

/**
 * @param {import('./support/page.js').Page} page
 * @returns {Promise<string[]>} controls in view that are too small for a finger
 */
function smallControls(page) {
    return page.evaluate(() =>
        [...document.querySelectorAll('button, a:not(.skip a), input:not([type="checkbox"]), select, label.check')]
            .map(node => ({ name: node.id || node.getAttribute('aria-label') || node.className, box: node.getBoundingClientRect() }))
            .filter(({ box }) => box.width > 0 && (box.width < 43.5 || box.height < 43.5))
            .map(({ name, box }) => `${name} ${Math.round(box.width)}x${Math.round(box.height)}`),
    );
}

/**
 * @param {import('./support/page.js').Page} page
 * @returns {Promise<string[]>} what is beside the screen or scrolls sideways; the strip of images on a phone may
 */
function tooWide(page) {
    return page.evaluate(() =>
        [document.documentElement, ...document.querySelectorAll('body *:not(.list *, .skip *, svg *)')]
            .map(node => ({ node, box: node.getBoundingClientRect() }))
            .filter(({ node, box }) => {
                const { overflowX, clipPath, clip } = getComputedStyle(node);
                if (box.width <= 1 || clip !== 'auto' || clipPath !== 'none' || node.matches('.list, .list-side, .skip, .swipe')) return false;
                const scrolls = node.scrollWidth > node.clientWidth + 1 && /auto|scroll/.test(overflowX);
                return box.right > innerWidth + 0.5 || box.left < -0.5 || scrolls;
            })
            .map(({ node, box }) => `${node.id || node.className || node.tagName} ${Math.round(box.left)}-${Math.round(box.right)}`),
    );
}

describe('accessibility', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {string} */
    let axe;
    before(async () => {
        site = await startSite();
        axe = await readFile(AXE, 'utf8');
    });
    after(() => site.close());

    for (const [language, colorScheme, viewport] of LOOKS)
        test(`no violation in any view: ${language}, ${colorScheme}, ${viewport.width} wide`, async () => {
            const page = await site.open({ locale: language, colorScheme, viewport, reducedMotion: 'reduce' });
            await page.evaluate(axe); // not through a script element, which the page's policy forbids
            const view = (/** @type {string} */ name) => check(page, `${language}-${colorScheme}-${viewport.width}-${name}`);
            assert.equal(await page.locator('html').getAttribute('dir'), language === 'ar' ? 'rtl' : 'ltr');
            await view('start');
            await page.locator('#open-help').click();
            await view('help');
            await page.keyboard.press('Escape');
            await page.locator('#open-model').click();
            await view('model');
            await page.keyboard.press('Escape');
            await pick(page, [await sample('malignant'), await sample('normal'), { name: 'bad.png', buffer: Buffer.from('no') }]);
            await settled(page, 3);
            await answered(page);
            await view('answer');
            await page.locator('[data-tool="brush"]').click();
            await page.locator('[data-layout="swipe"]').click();
            await page.locator('#map').selectOption('probability');
            await nextFrame(page);
            await view('brush');
            await page.locator('[data-tool="scale"]').click();
            await page.locator('[data-layout="side"]').click();
            await view('scale');
            await page.locator('.row-main').nth(2).click();
            await nextFrame(page);
            await view('failed');
            await page.locator('.row-main').nth(0).click();
            await answered(page);
            const { bytes } = await saved(page, language === 'ar' ? 'القناع PNG' : 'Mask PNG');
            await pick(page, [{ name: 'malignant_mask.png', buffer: bytes }]);
            await page.locator('.scores').waitFor();
            await page.locator('#map').selectOption('difference');
            await page.locator('[data-layout="single"]').click();
            await nextFrame(page);
            await view('compare');
            await page.keyboard.press('t');
            await view('results');
            await page.keyboard.press('Escape');
            await page.keyboard.press('a');
            await page.keyboard.press('PageUp');
            await page.locator('#review-birads').selectOption('4A');
            await pick(page, [{ name: 'stranger_gt.png', buffer: bytes }]);
            await page.locator('#batch-pairs').click();
            await view('pairs');
            await page.keyboard.press('Escape');
            const session = await saved(page, language === 'ar' ? 'حفظ الجلسة' : 'Save session');
            await pick(page, [{ name: 'other.sonomask', buffer: session.bytes }]);
            await page.locator('.notice-offer').waitFor();
            await view('offer');
            await page.locator('.notice-offer .link').nth(1).click();
            await page.locator('#readers[open]').waitFor();
            await view('readers');
            await page.keyboard.press('Escape');
            // The report is made for printing only, and exists only while the print dialog is open.
            await page.evaluate(() => {
                window.print = () => {
                    const report = /** @type {HTMLElement} */ (document.getElementById('report'));
                    Reflect.set(globalThis, 'printed', report.cloneNode(true));
                };
            });
            await page.locator('#save-report').click();
            await page.waitForFunction(() => Reflect.get(globalThis, 'printed'));
            await page.emulateMedia({ media: 'print' });
            await page.evaluate(() => document.getElementById('report')?.replaceWith(Reflect.get(globalThis, 'printed')));
            await view('report');
            await page.emulateMedia({ media: 'screen' });
            const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            assert.ok(overflow <= 0, `${overflow} pixels too wide`);
            assert.ok(await page.locator('.foot strong').isVisible());
            assert.deepEqual(faultsOf(page), []);
            await page.context().close();
        });

    for (const [locale, colorScheme, viewport] of /** @type {const} */ ([
        ['en', 'light', { width: 1440, height: 900 }],
        ['ar', 'dark', { width: 390, height: 844 }],
    ]))
        test(`no violation with the click tool and possible lesions: ${locale}, ${colorScheme}, ${viewport.width} wide`, async () => {
            const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-access-'));
            const weights = await readFile(await makePromptWeights(folder));
            await rm(folder, { recursive: true });
            const phone = viewport.width < 500;
            const page = await site.open({ locale, colorScheme, viewport, hasTouch: phone, isMobile: phone, serviceWorkers: 'block' }, async opened => {
                await opened.context().route('**/weights/sonomask.safetensors', route =>
                    route.fulfill({ body: withoutLesions(weights, 2), contentType: 'application/octet-stream' }));
                await opened.context().route('**/weights/SHA256SUMS', route => route.fulfill({ body: '' }));
            });
            await loaded(page);
            await page.evaluate(axe);
            await pick(page, [await sample('benign')]);
            await settled(page, 1);
            await answered(page);
            await page.locator('.possible button').first().waitFor();
            await check(page, `${locale}-${colorScheme}-${viewport.width}-possible`);
            await page.locator('#tool-click').click();
            await page.locator('#click-outside').click();
            await page.locator('.possible button').first().click();
            await page.locator('#clear-edits:enabled').waitFor();
            await nextFrame(page);
            await check(page, `${locale}-${colorScheme}-${viewport.width}-click`);
            if (phone) assert.deepEqual(await smallControls(page), []);
            assert.deepEqual(faultsOf(page), []);
            await page.context().close();
        });

    test('everything works with the keyboard alone, and progress is announced to screen readers', async () => {
        const page = await site.open();
        await page.evaluate(() => {
            const announced = /** @type {string[]} */ ([]);
            Reflect.set(globalThis, 'announced', announced);
            const live = /** @type {HTMLElement} */ (document.getElementById('live'));
            new MutationObserver(() => live.textContent && announced.push(live.textContent)).observe(live, { childList: true });
        });
        const focused = () => page.evaluate(() => document.activeElement?.id ?? '');
        for (let press = 0; press < 12 && (await focused()) !== 'start-sample'; press++) await page.keyboard.press('Tab');
        assert.equal(await focused(), 'start-sample');
        await page.keyboard.press('Enter');
        await settled(page, 3);
        await answered(page);
        await page.keyboard.press('PageDown');
        await page.waitForFunction(() => document.querySelectorAll('.row')[1]?.getAttribute('aria-current') === 'true');
        await page.keyboard.press('?');
        assert.ok(await page.getByRole('dialog', { name: 'Keyboard' }).isVisible());
        await page.keyboard.press('Escape');
        await page.waitForTimeout(200);
        const announced = await page.evaluate(() => Reflect.get(globalThis, 'announced'));
        assert.ok(announced.some((/** @type {string} */ text) => text.includes('3 images added')), announced.join(' | '));
        assert.ok(announced.some((/** @type {string} */ text) => text.includes('All done: 3 segmented, 0 failed')), announced.join(' | '));
        await page.context().close();
    });

    test('on a phone all controls are large enough for a finger', async () => {
        const page = await site.open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
        const small = () => smallControls(page);
        assert.deepEqual(await small(), []);
        await pick(page, [await sample('benign'), await sample('normal')]);
        await settled(page, 2);
        await answered(page);
        for (const tool of ['brush', 'window', 'scale']) {
            await page.locator(`[data-tool="${tool}"]`).click();
            assert.deepEqual(await small(), [], tool);
        }
        await page.locator('#list-table').click();
        assert.deepEqual(await small(), [], 'table');
        await page.keyboard.press('Escape');
        await page.context().close();
    });

    test('nothing is wider than the screen at 360, 390, 820 and 1440 pixels, with one to four lesions, any tool, and the table', async () => {
        const page = await site.open();
        await pick(page, [await sample('benign'), await sample('normal')]);
        await settled(page, 2);
        await answered(page);
        const [width, height] = [600, 450];
        for (const count of [1, 2, 3, 4]) {
            const isLesion = (/** @type {number} */ index) =>
                Array.from({ length: count }, (_, lesion) => Math.hypot((index % width) - 90 - 135 * lesion, Math.floor(index / width) - 225)).some(distance => distance < 40);
            const drawn = png({ width, height, data: new Uint8Array(width * height).map((_, index) => (isLesion(index) ? 255 : 0)) });
            await pick(page, [{ name: `any-${count}.png`, buffer: drawn }], '#pick-truth');
            await page.locator('.compare-lesions li').nth(count - 1).waitFor();
            await page.locator('[data-action="use"]').click();
            await page.waitForFunction(expected => document.querySelectorAll('#lesions .measures thead th').length === expected, count);
            if (count === 1) await page.keyboard.press('a');
            if (count === 1) await page.keyboard.press('PageUp');
            for (const screen of [360, 390, 820, 1440]) {
                await page.setViewportSize({ width: screen, height: 800 });
                const tools = count === 4 && screen < 1000 && screen !== 390 ? ['click', 'polygon', 'brush', 'scale', 'region', 'move'] : ['move'];
                for (const tool of tools) {
                    await page.locator(`[data-tool="${tool}"]`).first().click();
                    assert.deepEqual(await tooWide(page), [], `${count} lesions, ${screen} pixels, ${tool}`);
                }
            }
        }
        for (const screen of [360, 820, 1440]) {
            await page.setViewportSize({ width: screen, height: 800 });
            await page.keyboard.press('t');
            assert.deepEqual(await tooWide(page), [], `table, ${screen} pixels`);
            await page.keyboard.press('Escape');
        }
        await page.locator('#language').click();
        for (const screen of [360, 1440]) {
            await page.setViewportSize({ width: screen, height: 800 });
            assert.deepEqual(await tooWide(page), [], `Arabic, ${screen} pixels`);
        }
        await page.context().close();
    });

    test('the language changes in place, answers included', async () => {
        const page = await site.open();
        await pick(page, [await sample('benign')]);
        await settled(page, 1);
        await answered(page);
        await page.locator('#language').click();
        assert.equal(await page.locator('html').getAttribute('dir'), 'rtl');
        await page.getByRole('heading', { name: 'القياسات' }).waitFor();
        await page.getByRole('rowheader', { name: 'المساحة' }).waitFor();
        await page.reload();
        assert.equal(await page.locator('html').getAttribute('lang'), 'ar');
        await page.context().close();
    });
});
