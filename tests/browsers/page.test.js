/** The page in Firefox and WebKitGTK: start, sample, drop, answers as in Node, brush, clicks, saving, and use without network. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { unzipSync } from 'fflate';
import { Sonomask } from '../../wasm/sonomask.js';
import { createPageServer } from '../../web/serve.js';
import { BUILD } from '../node/support/project.js';
import { makePromptWeights } from '../node/support/prompts.js';
import { manySamples, sample } from '../web/support/samples.js';
import { BROWSERS, boxOf, click, drag, drop, press, saved, until } from './support/browser.js';

/** @typedef {import('./support/browser.js').Tab} Tab */

/** Pictures of the page go here, to be looked at. */
const PICTURES = path.join(BUILD, 'browsers');
const SINGLE = path.join(BUILD, 'sonomask.html');

/**
 * @param {Buffer} [weights] others than the page's own
 * @returns {Promise<{ address: string, close: () => void }>}
 */
async function startSite(weights) {
    const server = createPageServer();
    const [answer] = server.listeners('request');
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
        if (weights && request.url === '/weights/sonomask.safetensors') response.end(weights);
        else if (weights && request.url === '/weights/SHA256SUMS') response.end();
        else answer?.(request, response);
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    return {
        address: `http://localhost:${port}/web/`,
        close() {
            server.close();
            server.closeAllConnections();
        },
    };
}

/** @param {Uint8Array} mask */
const hashOf = mask => createHash('sha256').update(mask).digest('hex');

/** @param {Tab} tab */
const loaded = tab => until(tab, () => document.documentElement.dataset['loaded'] === 'all');

/**
 * Waits until no row waits or runs, and checks that all have an answer.
 * @param {Tab} tab
 * @param {number} rows
 */
async function answered(tab, rows) {
    const problems = await until(
        tab,
        count => {
            const all = [...document.querySelectorAll('.row')].map(row => ({ state: row.getAttribute('data-state'), text: row.textContent }));
            const busy = all.some(({ state }) => state === 'waiting' || state === 'running');
            return all.length === count && !busy ? all.filter(({ state }) => state !== 'done').map(({ text }) => text) : null;
        },
        rows,
    );
    assert.deepEqual(problems, []);
}

/** In the page: whether the mask can be saved and the panel stays as it is; a new answer moves its buttons. */
async function panelRests() {
    const panel = document.getElementById('panel');
    const text = panel?.textContent;
    await new Promise(resolve => { setTimeout(resolve, 1000); });
    return panel?.textContent === text && document.querySelector('#save-mask:enabled') !== null;
}

/** @param {Tab} tab */
const lesions = tab => tab.run(() => document.querySelectorAll('.measures thead th').length);

/**
 * @param {Tab} tab
 * @param {string} name
 */
async function keepPicture(tab, name) {
    await mkdir(PICTURES, { recursive: true });
    await writeFile(path.join(PICTURES, `${name}.png`), await tab.picture());
}

for (const { name: browser, skip, start } of BROWSERS)
    describe(`the page in ${browser}`, { skip }, () => {
        /** @type {Tab} */
        let tab;
        /** @type {Awaited<ReturnType<typeof startSite>>} */
        let site;
        /** @type {Sonomask} */
        let sonomask;
        before(async () => {
            [site, sonomask, tab] = await Promise.all([startSite(), Sonomask.load(), start()]);
        });
        after(async () => {
            await tab?.close();
            site?.close();
            sonomask?.dispose();
        });

        test('it starts, and the samples have their answers and small pictures', async () => {
            await tab.go(site.address);
            await loaded(tab);
            await keepPicture(tab, `${browser}-start`);
            await press(tab, '#start-sample');
            await answered(tab, 3);
            await until(tab, () => [...document.images].every(({ complete, naturalWidth }) => complete && naturalWidth > 0));
            await keepPicture(tab, `${browser}-sample`);
        });

        test('ten dropped images and one picked file have the masks of Node', async () => {
            await press(tab, '#list-clear');
            await drop(tab, await manySamples(10));
            await answered(tab, 10);
            const own = await sample('benign');
            const file = path.join(tab.downloads, 'picked.png');
            await writeFile(file, own.buffer);
            await tab.give('#pick-files', [file]);
            await answered(tab, 11);
            const files = unzipSync(new Uint8Array(await saved(tab, '#save-zip', 'sonomask.zip')));
            const expected = [];
            for (const { buffer } of [...(await manySamples(3)), own]) expected.push(hashOf((await sonomask.segment(buffer)).mask));
            const names = [...Array.from({ length: 10 }, (_, index) => `scan ${String(index + 1).padStart(3, '0')}`), 'picked'];
            for (const [index, name] of names.entries()) {
                const { data } = await sonomask.decode(/** @type {Uint8Array} */ (files[`masks/${name}_mask.png`]));
                assert.equal(hashOf(Uint8Array.from(data)), name === 'picked' ? expected[3] : expected[index % 3], name);
            }
            // The overlay shows the picture with a coloured outline.
            const overlay = await sonomask.decode(/** @type {Uint8Array} */ (files['overlays/picked_overlay.png']));
            const picture = await sonomask.decode(own.buffer);
            let coloured = 0;
            let equal = 0;
            const step = overlay.data.length / picture.data.length;
            for (let index = 0; index < picture.data.length; index++) {
                const [red = 0, blue = 0] = [overlay.data[index * step], overlay.data[index * step + 2]];
                if (Math.abs(red - blue) > 40) coloured++;
                if (Math.abs(red - (picture.data[index] ?? 0)) <= 1) equal++;
            }
            assert.ok(coloured > 100 && equal > picture.data.length / 2, `${coloured} coloured, ${equal} equal pixels`);
        });

        test('the brush adds a lesion, and undo removes it', async () => {
            await until(tab, () => document.querySelector('#threshold:enabled') !== null);
            const count = await lesions(tab);
            await press(tab, '[data-tool="brush"]');
            await drag(tab, '#canvas', [0.7, 0.7], [0.8, 0.7]);
            await until(tab, earlier => document.querySelectorAll('.measures thead th').length === earlier + 1, count);
            await keepPicture(tab, `${browser}-brush`);
            await press(tab, '#undo');
            await until(tab, earlier => document.querySelectorAll('.measures thead th').length === earlier, count);
        });

        test('the page names what the browser lacks: nothing', async () => {
            await press(tab, '#open-model');
            const facts = await until(tab, () => document.querySelector('dl.model-facts')?.textContent);
            assert.match(facts, /This browserhas all that the page uses/);
            await keepPicture(tab, `${browser}-model`);
            await press(tab, '#model [data-close]');
        });

        test('the picture is copied', async () => {
            await press(tab, '#save-copy');
            // Beside other notices; a failure has its own.
            await until(tab, () => [...document.querySelectorAll('.notice')].some(({ textContent }) =>
                textContent === 'The picture is on the clipboard.'));
        });

        test('the page opens without network and segments the samples', async () => {
            site.close();
            await tab.go('about:blank');
            await tab.go(site.address);
            await until(tab, () => document.getElementById('engine')?.dataset['state'] === 'ready');
            await press(tab, '#start-sample');
            await answered(tab, 3);
            await keepPicture(tab, `${browser}-offline`);
        });

        test('a click puts a pixel into the mask, with weights that take clicks', async () => {
            const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-clicks-'));
            const other = await startSite(await readFile(await makePromptWeights(folder)));
            await rm(folder, { recursive: true });
            try {
                await tab.go(other.address);
                await loaded(tab);
                await drop(tab, [await sample('benign')]);
                await answered(tab, 1);
                await until(tab, () => document.querySelector('#threshold:enabled') !== null);
                await press(tab, '#tool-click');
                const canvas = await boxOf(tab, '#canvas');
                const scale = Math.min(canvas.width / 600, canvas.height / 450) * 0.98; // as Transform.fitScale
                for (const [inside, x, y] of /** @type {const} */ ([[true, 300, 200], [false, 120, 380]])) {
                    await press(tab, inside ? '#click-inside' : '#click-outside');
                    await click(tab, canvas.x + canvas.width / 2 + (x + 0.5 - 300) * scale, canvas.y + canvas.height / 2 + (y + 0.5 - 225) * scale);
                    await until(tab, panelRests);
                    const { data, width } = await sonomask.decode(await saved(tab, '#save-mask', 'benign_mask.png'));
                    assert.equal(data[y * width + x], inside ? 255 : 0);
                }
            } finally {
                other.close();
            }
        });

        test('the page as one file works from disk', { skip: existsSync(SINGLE) ? false : 'make single has not run' }, async () => {
            await tab.go(pathToFileURL(SINGLE).href);
            await until(tab, () => document.getElementById('engine')?.dataset['state'] === 'ready');
            await press(tab, '#start-sample');
            await answered(tab, 3);
            const { data } = await sonomask.decode(await saved(tab, '#save-mask', 'phantom-1_mask.png'));
            assert.equal(hashOf(Uint8Array.from(data)), hashOf((await sonomask.segment((await sample('benign')).buffer)).mask));
        });

        test('there was no error, and no request to another host', () => {
            // What the browser itself says about the missing network.
            const faults = tab.faults.filter(text => !text.includes(site.address.replace('/web/', '')));
            assert.deepEqual(faults, []);
            const foreign = (tab.requests ?? []).filter(address => !/^(http:\/\/localhost:|file:|data:|blob:|about:)/.test(address));
            assert.deepEqual(foreign, []);
        });
    });
