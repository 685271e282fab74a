/** A real Orthanc on a free port with a temporary storage, and ultrasound instances for it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DicomWeb, textOf } from '../../../wasm/dicom/dicomweb.js';
import { startOrthanc } from '../../../wasm/orthanc/server.js';
import { dicom } from '../../node/support/dicom.js';
import { scan } from '../../node/support/images.js';
import { CLI } from '../../node/support/project.js';

/** Why tests with Orthanc cannot run here, or false. `make test` installs Orthanc, and fails without it. @type {string | false} */
export const skip = existsSync('/usr/sbin/Orthanc') && existsSync('/usr/share/orthanc/plugins/libOrthancDicomWeb.so')
    ? false : 'Orthanc or its DICOMweb plug-in is missing';
if (skip && process.env['SONOMASK_NEED_ORTHANC']) throw new Error(skip);

/** Why a test is left out that `make test` has no time for, or false. @type {string | false} */
export const small = process.env['SONOMASK_WHOLE_ORTHANC'] ? false : 'a part of make test-orthanc';

/** @typedef {{ user: string, password: string }} Credentials */

export const CREDENTIALS = { user: 'reader', password: 'four words of a test' };

/** @param {Credentials} credentials */
export const headersOf = ({ user, password }) => ({ Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` });

/** @returns {Promise<number>} a free port */
export async function freePort() {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    server.close();
    await once(server, 'close');
    return port;
}

/**
 * @param {{ page?: string, more?: Record<string, unknown> }} [options]
 */
export async function archive({ page, more } = {}) {
    const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-orthanc-'));
    const [port, hookPort] = [await freePort(), await freePort()];
    const start = (credentials = CREDENTIALS) => startOrthanc({ folder, port, hookPort, page, credentials, more });
    let running = await start();
    return {
        folder,
        hookPort,
        address: running.address,
        web: new DicomWeb(`${running.address}/dicom-web`, { headers: headersOf(CREDENTIALS) }),
        stop: () => running.stop(),
        /**
         * @param {Credentials} [credentials]
         * @param {() => void} [onStopped] while it is away
         */
        async restart(credentials, onStopped = () => undefined) {
            await running.stop();
            onStopped();
            running = await start(credentials);
        },
        async close() {
            await running.stop();
            await rm(folder, { recursive: true, force: true });
        },
    };
}

/**
 * @param {string} part of the command line
 * @returns {Promise<string[]>} the addresses that processes with it listen at, by /proc: "127.0.0.1", "0.0.0.0", or hexadecimal for IPv6
 */
export async function listeningOf(part) {
    const inodes = new Set();
    for (const id of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
        const line = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
        if (!line.includes(part)) continue;
        for (const name of await readdir(`/proc/${id}/fd`).catch(() => []))
            inodes.add(/^socket:\[(\d+)\]$/.exec(await readlink(`/proc/${id}/fd/${name}`).catch(() => ''))?.[1]);
    }
    const LISTENING = '0A';
    const tables = await Promise.all(['tcp', 'tcp6'].map(name => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')));
    return tables.flatMap(table => table.split('\n').slice(1)).flatMap(line => {
        const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
        if (state !== LISTENING || !inodes.has(inode)) return [];
        const [address = ''] = local.split(':');
        return [address.length === 8 ? (address.match(/../g) ?? []).reverse().map(byte => Number.parseInt(byte, 16)).join('.') : address];
    });
}

/** @typedef {Awaited<ReturnType<typeof archive>>} TestArchive */

/**
 * @param {string} instance the last part of its UID
 * @param {{ study?: string, series?: string, width?: number, height?: number, frames?: number, pixels?: Buffer,
 *     more?: import('../../node/support/dicom.js').DicomField[] }} [options]
 * @returns {Uint8Array<ArrayBuffer>} an ultrasound instance of the patient Doe^Jane
 */
export function ultrasound(instance, { study = '1.2.3.1', series = `${study}.2`, width = 160, height = 120, frames, pixels, more = [] } = {}) {
    const picture = pixels ?? Buffer.from(scan(width, height));
    return new Uint8Array(dicom({
        width, height, frames, pixels: frames && !pixels ? Buffer.concat(Array.from({ length: frames }, () => picture)) : picture,
        more: [
            [0x0008, 0x0016, 'UI', frames ? '1.2.840.10008.5.1.4.1.1.3.1' : '1.2.840.10008.5.1.4.1.1.6.1'],
            [0x0008, 0x0018, 'UI', `${series}.${instance}`], [0x0008, 0x0020, 'DA', '20260102'], [0x0008, 0x0060, 'CS', 'US'],
            [0x0008, 0x1030, 'LO', 'Breast left'], [0x0010, 0x0020, 'LO', 'P-17'],
            [0x0020, 0x000d, 'UI', study], [0x0020, 0x000e, 'UI', series], [0x0020, 0x0011, 'IS', '3'], [0x0020, 0x0013, 'IS', instance],
            ...more,
        ],
    }));
}

/**
 * Starts `sonomask orthanc`.
 * @param {TestArchive} archived
 * @param {string[]} [options]
 */
export function startHook({ address, hookPort, folder }, options = []) {
    const child = spawn(process.execPath, [CLI, 'orthanc', '--url', address, '--listen', String(hookPort), '--state', path.join(folder, 'state.json'), ...options], {
        env: { ...process.env, ORTHANC_USER: CREDENTIALS.user, ORTHANC_PASSWORD: CREDENTIALS.password },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', text => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', text => (stderr += text));
    const closed = once(child, 'close');
    return {
        /** @returns {any[]} */
        lines: () => stdout.split('\n').filter(Boolean).map(line => JSON.parse(line)),
        stderr: () => stderr,
        async end() {
            child.kill('SIGINT');
            const [status] = await closed;
            return /** @type {number | null} */ (status);
        },
        /** By itself. */
        async ended() {
            const [status] = await closed;
            return /** @type {number | null} */ (status);
        },
        /** Without giving it a chance to finish. */
        async kill() {
            child.kill('SIGKILL');
            await closed;
        },
    };
}

/**
 * @param {() => Promise<boolean> | boolean} isSo
 * @param {string} what
 * @param {number} [patience] milliseconds
 */
export async function until(isSo, what, patience = 60_000) {
    const end = Date.now() + patience;
    while (!(await isSo())) {
        if (Date.now() > end) throw new Error(`not within ${patience / 1000} s: ${what}`);
        await new Promise(resolve => {
            setTimeout(resolve, 50);
        });
    }
}

/**
 * @param {DicomWeb} web
 * @param {string} study
 * @param {string} modality
 * @returns {Promise<{ study: string, series: string, sopInstance: string }[]>} instances of it in the study
 */
export async function instancesOf(web, study, modality) {
    const found = [];
    for (const set of await web.search(`studies/${study}/series`, [['Modality', modality]])) {
        const series = textOf(set, '0020000E');
        for (const each of await web.search(`studies/${study}/series/${series}/instances`, []))
            found.push({ study, series, sopInstance: textOf(each, '00080018') });
    }
    return found;
}
