/** From a click to the new outline on the screen, and frames while the brush and the threshold move. */
import { answered, nextFrame, settled } from '../support/page.js';
import { mainThreadTasks, startTrace, timesToScreen } from '../support/trace.js';
import { enlarged, frameTimes, markOutlines, onScreen, OUTLINED, phantoms, quantile, RELEASED, report } from './pages.js';

/** @typedef {import('../support/page.js').Page} Page */

const SIZE = { width: 600, height: 450 };
const LARGE = { width: 3000, height: 2500 };
const CLICKS = 24;
const REST = 250; // milliseconds in which a hand comes to rest, and the page too

/**
 * @param {number} value
 */
const milliseconds = value => `${Math.round(value)} ms`;

/**
 * @param {string} how
 * @param {boolean} waits whether the pointer comes to rest before it is pressed
 * @param {number} delay milliseconds for which it is pressed
 * @returns {import('./desk.js').Section}
 */
const clicked = (how, waits, delay) => async (site, folder) => {
    const [{ image } = { image: '' }] = phantoms(folder, 1);
    const page = await site.open();
    await page.locator('#pick-files').setInputFiles(image);
    await settled(page, 1);
    await answered(page);
    await page.keyboard.press('i');
    await markOutlines(page);
    await page.waitForTimeout(2000);
    const clicks = Array.from({ length: CLICKS + 2 }, (_, index) => ({ x: 120 + 13 * (index % 28), y: 90 + 37 * (index % 7) }));
    /** @type {Awaited<ReturnType<typeof startTrace>> | undefined} */
    let trace;
    for (const [index, at] of clicks.entries()) {
        // The first clicks prepare what a hand at work has prepared.
        if (index === 2) trace = await startTrace(page, true);
        const { x, y } = await onScreen(page, SIZE, at);
        if (waits) {
            await page.mouse.move(x - 20, y - 12);
            await page.mouse.move(x, y, { steps: 4 });
            await page.waitForTimeout(REST);
        }
        await page.mouse.click(x, y, { delay });
        await page.waitForTimeout(REST);
        await page.keyboard.press('Control+z');
        await page.waitForTimeout(REST / 2);
    }
    const times = timesToScreen((await trace?.stop()) ?? [], RELEASED, OUTLINED);
    const seen = times.filter(time => !Number.isNaN(time));
    const p95 = quantile(seen, 0.95);
    report(`click to new outline, 600x450, ${how}`, `p95 ${milliseconds(p95)}, median ${milliseconds(quantile(seen, 0.5))}, ${seen.length} of ${times.length} clicks moved an outline`, 'p95 <= 60 ms', p95 <= 60);
    await page.context().close();
};

export const click = clicked('by mouse, which comes to rest first', true, 0);
export const touch = clicked('at once, pressed for 60 ms as by a finger', false, 60);
export const jump = clicked('at once, pressed for no time', false, 0);

/**
 * Draws with the brush while frames are timed.
 * @param {Page} page
 * @param {{ width: number, height: number }} size
 */
async function strokes(page, size) {
    await page.keyboard.press('b');
    const from = await onScreen(page, size, { x: size.width * 0.3, y: size.height * 0.4 });
    const along = (await onScreen(page, size, { x: size.width * 0.7, y: 0 })).x - from.x;
    const stroke = async (/** @type {number} */ offset) => {
        await page.mouse.move(from.x, from.y + offset);
        await page.mouse.down();
        await page.mouse.move(from.x + along, from.y + offset, { steps: 60 });
        await page.mouse.up();
    };
    await stroke(0); // compiles what it needs
    await page.waitForTimeout(REST);
    const trace = await startTrace(page);
    const times = await frameTimes(page, async () => {
        for (const offset of [20, 40, 60]) await stroke(offset);
    });
    return { times, longest: Math.max(...mainThreadTasks(await trace.stop(), 'dur')) };
}

/** @type {import('./desk.js').Section} */
export async function brush(site, folder) {
    const [small] = phantoms(`${folder}-small`, 1, SIZE);
    const page = await site.open();
    await page.locator('#pick-files').setInputFiles([small?.image ?? '']);
    await settled(page, 1);
    await answered(page);
    await page.locator('#pick-truth').setInputFiles(small?.mask ?? '');
    await page.locator('.scores').waitFor();
    const { times, longest } = await strokes(page, SIZE);
    const brushed = quantile(times, 0.95);
    report('brush with a mask attached, 600x450', `frame p95 ${milliseconds(brushed)}, longest task ${milliseconds(longest)}`, 'p95 <= 33 ms, no task over 50 ms', brushed <= 33 && longest <= 50);
    await page.keyboard.press('v');
    const trace = await startTrace(page);
    const slid = await frameTimes(page, async () => {
        await page.locator('#threshold').focus();
        for (let step = 0; step < 60; step++) {
            await page.keyboard.press(step < 30 ? 'ArrowLeft' : 'ArrowRight');
            await nextFrame(page);
        }
    });
    const task = Math.max(...mainThreadTasks(await trace.stop(), 'dur'));
    const p95 = quantile(slid, 0.95);
    report('threshold with a mask attached, 600x450', `frame p95 ${milliseconds(p95)}, longest task ${milliseconds(task)}`, 'p95 <= 33 ms, no task over 50 ms', p95 <= 33 && task <= 50);
    await page.context().close();

    const large = await site.open();
    await large.locator('#pick-files').setInputFiles([await enlarged(`${folder}-large`, LARGE)]);
    await settled(large, 1);
    await answered(large);
    const painted = await strokes(large, LARGE);
    const slow = quantile(painted.times, 0.95);
    report('brush, 3000x2500', `frame p95 ${milliseconds(slow)}, longest task ${milliseconds(painted.longest)}`, 'p95 <= 50 ms, no task over 50 ms', slow <= 50 && painted.longest <= 50);
    await large.context().close();
}
