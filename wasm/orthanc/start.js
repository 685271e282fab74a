#!/usr/bin/env node
/**
 * An Orthanc with the page and the hook on this machine: node wasm/orthanc/start.js --page FOLDER [--folder DIR] [--port N]
 *
 * FOLDER is the page for Orthanc (web/release/site.js), DIR the place of the archive. Nothing but this machine can connect.
 * Ctrl-C ends everything.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { credentialsOf, startOrthanc } from './server.js';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));

async function main() {
    const { values } = parseArgs({ options: { page: { type: 'string' }, folder: { type: 'string' }, port: { type: 'string' } } });
    const port = Number(values.port ?? 8042);
    if (!values.page || !Number.isInteger(port) || port < 1 || port > 65534) {
        process.stderr.write('usage: start.js --page FOLDER [--folder DIR] [--port N]\n');
        return 2;
    }
    const folder = path.resolve(values.folder ?? 'orthanc');
    const credentials = await credentialsOf(folder);
    const orthanc = await startOrthanc({ folder, port, hookPort: port + 1, page: values.page, credentials });
    const hook = spawn(process.execPath, [CLI, 'orthanc', '--url', orthanc.address, '--listen', String(port + 1), '--state', path.join(folder, 'hook.json')], {
        stdio: 'inherit', detached: true,
        env: { ...process.env, ORTHANC_USER: credentials.user, ORTHANC_PASSWORD: credentials.password },
    });
    process.stdout.write([
        `The page is at ${orthanc.address}/sonomask/web/index.html, Orthanc at ${orthanc.address}/ (Ctrl-C stops)`,
        `Name: ${credentials.user}`,
        `Password: ${credentials.password}`,
        '',
    ].join('\n'));
    /** @type {Promise<number | null>} */
    const hookEnded = new Promise(resolve => {
        hook.on('close', resolve);
    });
    const asked = new Promise(resolve => {
        for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => resolve('asked'));
    });
    const first = await Promise.race([asked, hookEnded.then(() => 'the hook'), orthanc.ended.then(() => 'Orthanc')]);
    if (first !== 'asked') process.stderr.write(`orthanc: ${first} ended\n`);
    hook.kill('SIGINT');
    await hookEnded;
    await orthanc.stop();
    return first === 'asked' ? 0 : 1;
}

try {
    process.exitCode = await main();
} catch (error) {
    process.stderr.write(`orthanc: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
}
