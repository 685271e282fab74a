/** From a large image to its mask on the screen, and 2,000 images at once. */
import { answered, settled } from '../support/page.js';
import { mainThreadTasks, startTrace, timeBetween, timesToScreen } from '../support/trace.js';
import { enlarged, markOutlines, OUTLINED, phantoms, quantile, RELEASED, report } from './pages.js';

const LARGE = { width: 3000, height: 2500 };
const MANY = 2000;
const ANSWERED = 60;
/** Marks in the trace. */
const BEGINS = 'files are taken';
const ENDS = 'files were taken';

/** @type {import('./desk.js').Section} */
export async function drop(site, folder) {
    const files = [];
    for (let seed = 1; seed <= 5; seed++) files.push(await enlarged(`${folder}-${seed}`, LARGE, seed));
    const page = await site.open();
    await markOutlines(page);
    await page.waitForTimeout(2000);
    const trace = await startTrace(page, true);
    for (const file of files) {
        await page.locator('#pick-files').setInputFiles(file);
        await settled(page, 1);
        await answered(page);
        await page.waitForTimeout(500);
        // The next one comes into view by itself only in an empty list.
        await page.locator('#list-clear').click();
        await page.locator('#start-sample').waitFor();
    }
    const all = timesToScreen(await trace.stop(), RELEASED, OUTLINED);
    // An image without an outline has no mask to wait for.
    const times = all.filter(time => !Number.isNaN(time));
    report(`3000x2500 image to its mask, ${times.length} of ${files.length} images with an outline`, `median ${quantile(times, 0.5).toFixed(0)} ms, longest ${Math.max(...times).toFixed(0)} ms`, '<= 1.2 s', times.length > 0 && Math.max(...times) <= 1200);
    await page.context().close();
}

/** @type {import('./desk.js').Section} */
export async function many(site, folder) {
    const files = phantoms(folder, MANY, { width: 160, height: 120 }).map(({ image }) => image);
    const page = await site.open();
    await page.waitForTimeout(1000);
    // Chromium makes the list of files in the task that ends with the event: before the first listener nothing is the page's.
    await page.evaluate(([begins, ends]) => {
        addEventListener('change', () => void performance.mark(begins ?? ''), { capture: true, once: true });
        addEventListener('change', () => void performance.mark(ends ?? ''), { once: true });
    }, [BEGINS, ENDS]);
    const trace = await startTrace(page);
    await page.locator('#pick-files').setInputFiles(files);
    await page.waitForFunction(least => document.querySelectorAll('.row[data-state="done"]').length >= least, ANSWERED);
    await page.locator('#list').evaluate(list => list.scrollTo(0, 1e6));
    await page.waitForTimeout(500);
    const events = await trace.stop();
    const handed = mainThreadTasks(events, 'dur', BEGINS)[0] ?? 0;
    const own = timeBetween(events, BEGINS, ENDS);
    const tasks = [own, ...mainThreadTasks(events, 'dur').filter(task => task !== handed)];
    const longest = Math.max(...tasks);
    const browser = `besides, Chromium takes ${(handed - own).toFixed(0)} ms to make the list of files`;
    report(`${MANY} images at once`, `longest task ${longest.toFixed(0)} ms, ${tasks.filter(task => task > 50).length} of ${tasks.length} over 50 ms; ${browser}`, 'no task over 50 ms', longest <= 50);
    await page.context().close();
}
