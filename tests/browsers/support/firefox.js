/** Debian's Firefox without a window, driven over WebDriver BiDi. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Program } from './process.js';

/** @typedef {import('./browser.js').Tab} Tab */

export const PROGRAM = process.env['FIREFOX'] ?? '/usr/bin/firefox-esr';

/**
 * Downloads go to a folder without a question, and Firefox itself requests nothing.
 * @param {string} downloads
 * @returns {string} user.js of a profile
 */
function preferences(downloads) {
    const values = {
        'browser.download.folderList': 2,
        'browser.download.dir': downloads,
        'browser.download.alwaysOpenPanel': false,
        'browser.download.always_ask_before_handling_new_types': false,
        'browser.aboutConfig.showWarning': false,
        'browser.shell.checkDefaultBrowser': false,
        'browser.startup.page': 0,
        'app.normandy.enabled': false,
        'app.update.enabled': false,
        'datareporting.policy.dataSubmissionEnabled': false,
        'network.captive-portal-service.enabled': false,
        'network.connectivity-service.enabled': false,
        'toolkit.telemetry.enabled': false,
        'intl.accept_languages': 'en-GB',
    };
    return Object.entries(values).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join('');
}

/** One connection; answers are matched to commands by number. */
class Connection {
    #socket;
    #last = 0;
    /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
    #waiting = new Map();
    /** @type {(method: string, params: any) => void} */
    onEvent = () => undefined;

    /** @param {string} address */
    constructor(address) {
        this.#socket = new WebSocket(address);
        this.opened = new Promise((resolve, reject) => {
            this.#socket.addEventListener('open', resolve);
            this.#socket.addEventListener('error', () => reject(new Error(`no connection to ${address}`)));
        });
        this.#socket.addEventListener('message', ({ data }) => {
            const message = JSON.parse(data);
            const waiting = this.#waiting.get(message.id);
            this.#waiting.delete(message.id);
            if (message.type === 'event') this.onEvent(message.method, message.params);
            else if (message.type === 'success') waiting?.resolve(message.result);
            else waiting?.reject(new Error(`${message.error}: ${message.message}`));
        });
        this.#socket.addEventListener('close', () => {
            for (const { reject } of this.#waiting.values()) reject(new Error('Firefox has closed the connection'));
        });
    }

    /**
     * @param {string} method
     * @param {object} params
     * @returns {Promise<any>}
     */
    send(method, params) {
        const id = ++this.#last;
        return new Promise((resolve, reject) => {
            this.#waiting.set(id, { resolve, reject });
            this.#socket.send(JSON.stringify({ id, method, params }));
        });
    }

    close() {
        this.#socket.close();
    }
}

/**
 * @param {string} folder for profile and downloads
 * @param {{ width: number, height: number }} viewport
 * @returns {Promise<Tab>}
 */
export async function startFirefox(folder, viewport) {
    const profile = path.join(folder, 'profile');
    const downloads = path.join(folder, 'downloads');
    await mkdir(profile);
    await mkdir(downloads);
    await writeFile(path.join(profile, 'user.js'), preferences(downloads));
    const program = new Program(PROGRAM, ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0', 'about:blank'],
        { HOME: folder });
    const address = await program.says(/WebDriver BiDi listening on (ws:\S+)/);
    const connection = new Connection(`${address}/session`);
    await connection.opened;
    await connection.send('session.new', { capabilities: {} });
    const { contexts: [{ context }] } = await connection.send('browsingContext.getTree', {});
    await connection.send('browsingContext.setViewport', { context, viewport });

    /** @type {string[]} */
    const faults = [];
    /** @type {string[]} */
    const requests = [];
    connection.onEvent = (method, params) => {
        if (method === 'log.entryAdded' && params.level === 'error') faults.push(params.text);
        if (method === 'network.beforeRequestSent') requests.push(params.request.url);
    };
    await connection.send('session.subscribe', { events: ['log.entryAdded', 'network.beforeRequestSent'] });

    /** @type {Tab['run']} */
    const run = async (work, ...parameters) => {
        const { type, result, exceptionDetails } = await connection.send('script.callFunction', {
            functionDeclaration: `async text => JSON.stringify(await (${work})(...JSON.parse(text)) ?? null)`,
            arguments: [{ type: 'string', value: JSON.stringify(parameters) }],
            awaitPromise: true,
            target: { context },
        });
        if (type === 'exception') throw new Error(exceptionDetails.text);
        return JSON.parse(result.value);
    };
    return {
        downloads,
        faults,
        requests,
        run,
        async go(target) {
            await connection.send('browsingContext.navigate', { context, url: target, wait: 'complete' });
        },
        async give(selector, files) {
            const { nodes } = await connection.send('browsingContext.locateNodes', { context, locator: { type: 'css', value: selector } });
            await connection.send('input.setFiles', { context, element: { sharedId: nodes[0].sharedId }, files });
        },
        async pointer(actions) {
            await connection.send('input.performActions', { context, actions: [{ type: 'pointer', id: 'mouse', actions }] });
        },
        async picture() {
            const { data } = await connection.send('browsingContext.captureScreenshot', { context });
            return Buffer.from(data, 'base64');
        },
        async close() {
            await connection.send('browser.close', {}).catch(() => undefined);
            connection.close();
            await program.stop();
        },
    };
}
