/** Debian's WebKitGTK in a window of a virtual display, driven over WebDriver. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Program } from './process.js';

/** @typedef {import('./browser.js').Tab} Tab */

/** The browser that the package of the driver brings; its folder is named after the machine. */
export const DRIVER = process.env['WEBKIT_DRIVER'] ?? '/usr/bin/WebKitWebDriver';
const BROWSERS = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(machine => `/usr/lib/${machine}/webkit2gtk-4.1/MiniBrowser`);
export const BROWSER = process.env['WEBKIT'] ?? BROWSERS.find(file => existsSync(file)) ?? '';
export const DISPLAY_SERVER = '/usr/bin/Xvfb';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'; // the specification's name of an element's reference

/**
 * @param {string} folder for profile and downloads
 * @param {{ width: number, height: number }} viewport
 * @returns {Promise<Tab>}
 */
export async function startWebKit(folder, viewport) {
    const downloads = path.join(folder, 'downloads');
    const settings = path.join(folder, '.config');
    await mkdir(downloads);
    await mkdir(settings);
    await writeFile(path.join(settings, 'user-dirs.dirs'), `XDG_DOWNLOAD_DIR=${JSON.stringify(downloads)}\n`);
    const display = new Program(DISPLAY_SERVER, ['-displayfd', '3', '-screen', '0', `${viewport.width}x${viewport.height + 200}x24`, '-nolisten', 'tcp']);
    const screen = await display.says(/(?:^|\n)(\d+)\n/);
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const driver = new Program(DRIVER, [`--port=${port}`], {
        DISPLAY: `:${screen}`, GDK_BACKEND: 'x11', HOME: folder, XDG_CONFIG_HOME: settings, LIBGL_ALWAYS_SOFTWARE: '1', LANG: 'C.UTF-8',
    });
    const base = `http://127.0.0.1:${port}`;

    /**
     * @param {string} method
     * @param {string} command
     * @param {object} [body]
     * @returns {Promise<any>}
     */
    async function send(method, command, body) {
        const response = await fetch(`${base}${command}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
        const { value } = /** @type {any} */ (await response.json());
        if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
        return value;
    }
    for (let attempts = 0; ; attempts++) {
        try {
            await send('GET', '/status');
            break;
        } catch (error) {
            if (attempts > 200) throw error;
            await new Promise(resolve => { setTimeout(resolve, 50); });
        }
    }
    const { sessionId } = await send('POST', '/session', {
        capabilities: {
            alwaysMatch: {
                'webkitgtk:browserOptions': { binary: BROWSER, args: ['--automation', '--enable-write-console-messages-to-stdout=true'] },
            },
        },
    });
    const session = `/session/${sessionId}`;
    await send('POST', `${session}/timeouts`, { script: 120_000, pageLoad: 120_000, implicit: 0 });
    await send('POST', `${session}/window/rect`, { x: 0, y: 0, width: viewport.width, height: viewport.height });

    /** @type {Tab['run']} */
    const run = async (work, ...parameters) => {
        const { text, error } = await send('POST', `${session}/execute/async`, {
            script: `const done = arguments[1];
                (async () => (${work})(...JSON.parse(arguments[0])))().then(
                    value => done({ text: JSON.stringify(value ?? null) }), error => done({ error: String(error) }));`,
            args: [JSON.stringify(parameters)],
        });
        if (error !== undefined && error !== null) throw new Error(error);
        return JSON.parse(text);
    };
    return {
        downloads,
        get faults() {
            return [...driver.output.matchAll(/^CONSOLE \S+ ERROR (.*)$/gm)].map(([, text]) => text ?? '');
        },
        requests: null,
        run,
        async go(target) {
            await send('POST', `${session}/url`, { url: target });
        },
        async give(selector, files) {
            const element = await send('POST', `${session}/element`, { using: 'css selector', value: selector });
            await send('POST', `${session}/element/${element[ELEMENT]}/value`, { text: files.join('\n') });
        },
        async pointer(actions) {
            await send('POST', `${session}/actions`, { actions: [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }] });
        },
        async picture() {
            return Buffer.from(await send('GET', `${session}/screenshot`), 'base64');
        },
        async close() {
            await send('DELETE', session).catch(() => undefined);
            await driver.stop();
            await display.stop();
        },
    };
}
