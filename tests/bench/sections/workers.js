/** Two workers on two images against one worker on the same two, in Node and in Chromium. */
import { startChromium } from '../lib/chromium.js';
import { compareWorkers } from '../lib/compare.js';
import { NETWORK, SIZE, readModel } from '../lib/models.js';
import { MODELS, progress } from '../lib/project.js';
import { startServer } from '../page/server.js';

const WORKERS = 2;
const TARGET = 1.9;

/** @type {import('../bench.js').Section} */
export async function workers(results, effort) {
    const options = { network: NETWORK, size: SIZE, workers: WORKERS, effort };
    const names = { what: `${NETWORK} ${SIZE}x${SIZE}, ${WORKERS} workers on ${WORKERS} images`, peer: 'ours, one worker', target: TARGET };
    progress('Node: workers');
    const inNode = await compareWorkers(readModel, options);
    results.compare({ where: 'Node', ...names }, inNode.several, inNode.one);
    progress('Chromium: workers');
    const server = await startServer(MODELS);
    try {
        const browser = await startChromium();
        try {
            const page = await browser.newPage();
            await page.goto(server.address);
            await page.waitForFunction(() => 'bench' in window);
            /** @type {{ one: number[], several: number[] }} */
            const { one, several } = await page.evaluate(given => Reflect.get(window, 'bench').compareWorkers(given), options);
            results.compare({ where: 'Chromium', ...names }, several, one);
        } finally {
            await browser.close();
        }
    } finally {
        await server.close();
    }
}
