/** Starts an Orthanc of one's own, with the configuration of orthanc.json, on this machine only. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Archive } from '../dicom/archive.js';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const PATIENCE = 30_000; // milliseconds until it answers

/** @typedef {{ user: string, password: string }} Credentials */

/**
 * Name and password: those of the environment, else those of the folder, else new ones. They are kept in the folder, readable
 * by its owner only.
 * @param {string} folder
 * @returns {Promise<Credentials>}
 */
export async function credentialsOf(folder) {
    const user = process.env['ORTHANC_USER'] || 'sonomask';
    if (process.env['ORTHANC_PASSWORD']) return { user, password: process.env['ORTHANC_PASSWORD'] };
    const kept = await readFile(path.join(folder, 'config/machine.json'), 'utf8').then(JSON.parse, () => null);
    const password = kept?.RegisteredUsers?.[user];
    return { user, password: password ?? randomBytes(12).toString('base64url') };
}

/**
 * Another server at the port would be taken for the one that is started.
 * @param {number} port
 * @throws {Error} the port is in use
 */
async function needFree(port) {
    const server = createServer();
    server.listen(port);
    try {
        await once(server, 'listening');
    } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EADDRINUSE') throw error;
        throw new Error(`port ${port} is in use. Give another one (make orthanc PORT=N), or stop what uses it: Debian's own Orthanc ends with "systemctl disable --now orthanc"`, { cause: error });
    }
    server.close();
    await once(server, 'close');
}

/**
 * @param {object} options
 * @param {string} options.folder of the archive, made when it is missing
 * @param {number} options.port
 * @param {number} options.hookPort that `sonomask orthanc` listens on
 * @param {string} [options.page] the page, with its folders web, wasm and weights
 * @param {Credentials} options.credentials
 * @param {Record<string, unknown>} [options.more] further settings
 * @returns {Promise<{ address: string, stop: () => Promise<void>, ended: Promise<number | null> }>} when it answers
 * @throws {Error} with the end of its log when it does not start; the port is in use
 */
export async function startOrthanc({ folder, port, hookPort, page, credentials: { user, password }, more = {} }) {
    await needFree(port);
    const config = path.join(folder, 'config');
    const storage = path.join(folder, 'storage');
    for (const each of [folder, config, storage]) await mkdir(each, { recursive: true, mode: 0o700 });
    const base = JSON.parse(await readFile(path.join(HERE, 'orthanc.json'), 'utf8'));
    const machine = {
        ...base,
        StorageDirectory: storage, IndexDirectory: storage, HttpPort: port, LuaScripts: [path.join(HERE, 'sonomask.lua')],
        RegisteredUsers: { [user]: password },
        Sonomask: { Hook: `http://127.0.0.1:${hookPort}/` },
        ServeFolders: { ...base.ServeFolders, Folders: page ? { '/sonomask': path.resolve(page) } : {} },
        ...more,
    };
    const file = path.join(config, 'machine.json');
    await writeFile(file, `${JSON.stringify(machine, null, 2)}\n`, { mode: 0o600 });
    const child = spawn('Orthanc', [file], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', text => {
        log = (log + text).slice(-4000);
    });
    /** @type {Promise<number | null>} */
    const ended = new Promise(resolve => {
        child.on('error', error => {
            log += error.message;
            resolve(null);
        });
        child.on('close', resolve);
    });
    let isOver = false;
    void ended.then(() => (isOver = true));
    const address = `http://localhost:${port}`;
    const archive = new Archive(address, { headers: { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }, patience: 2000 });
    const until = Date.now() + PATIENCE;
    for (;;) {
        if (isOver || Date.now() > until) {
            child.kill();
            throw new Error(`Orthanc did not start: ${log.split('\n').filter(line => /^E|rror/.test(line)).join(' ') || log.slice(-500) || 'no answer'}`);
        }
        if (await archive.request('system', {}).then(() => true, () => false)) break;
        await new Promise(resolve => {
            setTimeout(resolve, 50);
        });
    }
    return {
        address,
        ended,
        async stop() {
            child.kill();
            await ended;
        },
    };
}
