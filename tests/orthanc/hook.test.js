/** `sonomask orthanc`: every ultrasound instance of a real Orthanc is answered or named, also after a crash. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { libraries } from '../../wasm/dicom/libraries-node.js';
import { readDerived } from '../../wasm/dicom/read-derived.js';
import { readReference } from '../../wasm/dicom/reference.js';
import { startOrthanc } from '../../wasm/orthanc/server.js';
import { attempt, CLI, temporaryFolder } from '../node/support/project.js';
import { archive, CREDENTIALS, headersOf, instancesOf, listeningOf, skip, small, startHook, ultrasound, until } from './support/orthanc.js';

describe('the hook', { skip }, () => {
    /** @type {import('./support/orthanc.js').TestArchive} */
    let archived;
    before(async () => {
        archived = await archive();
    });
    after(() => archived.close());

    /** @param {string} instance @returns {Promise<string>} */
    const noteOf = async instance => {
        const response = await fetch(`${archived.address}/instances/${instance}/metadata/sonomask`, { headers: headersOf(CREDENTIALS) });
        return response.ok ? response.text() : '';
    };

    test('answers stills and loops, names what fails, is not started by its own objects, and goes on after a crash', async () => {
        const { web } = archived;
        const hook = startHook(archived);
        await until(() => /waits for/.test(hook.stderr()), 'the hook is ready');
        const empty = ultrasound('9', { pixels: Buffer.alloc(0) });
        await web.store([ultrasound('1'), ultrasound('2'), ultrasound('3', { frames: 3 }), empty]);
        await until(() => hook.lines().length === 4, 'four lines', 60_000);
        const lines = hook.lines();
        assert.deepEqual(lines.map(({ frames, error }) => (error ? 'failed' : frames)).sort(), [1, 1, 3, 'failed']);
        const bad = lines.find(({ error }) => error);
        assert.match(hook.stderr(), new RegExp(`instance ${bad.instance}: the `));
        assert.match(await noteOf(bad.instance), /^failed: /);

        const segs = await instancesOf(web, '1.2.3.1', 'SEG');
        assert.equal(segs.length, 3);
        assert.equal((await instancesOf(web, '1.2.3.1', 'SR')).length, 3);
        const sources = [];
        for (const instance of segs) {
            const file = await web.retrieve(instance);
            const read = await readDerived(file, libraries);
            sources.push(read?.masks[0]?.source);
            // In the same patient and study, so that the archive shows it there.
            const reference = await readReference(file, libraries, true);
            assert.deepEqual([reference.person['PatientID'], reference.person['PatientName'], reference.study], ['P-17', 'Doe^Jane', '1.2.3.1']);
        }
        assert.deepEqual(sources.sort(), ['1.2.3.1.2.1', '1.2.3.1.2.2', '1.2.3.1.2.3']);

        // Killed before the next ones arrive: they are answered by the next run, and nothing is answered twice.
        await hook.kill();
        // Instance 4 was copied into another study under the same identifier, there into two series.
        const series = '1.2.3.1.2';
        await web.store([ultrasound('4'), ultrasound('5'), ultrasound('4', { study: '1.2.3.8', series }), ultrasound('2.4', { study: '1.2.3.8', series: '1.2.3.1' })]);
        await archived.restart();
        const next = startHook(archived, ['--threads', '1']);
        await until(() => next.lines().length >= 4, 'four more lines', 60_000);
        assert.equal(await next.end(), 0, next.stderr());
        assert.deepEqual(next.lines().map(({ sopInstance }) => sopInstance).sort(), ['1.2.3.1.2.4', '1.2.3.1.2.4', '1.2.3.1.2.4', '1.2.3.1.2.5']);
        assert.equal((await instancesOf(web, '1.2.3.1', 'SEG')).length, 5);
        for (const modality of ['SEG', 'SR']) assert.equal((await instancesOf(web, '1.2.3.8', modality)).length, 2, modality);
        assert.match(next.stderr(), /4 instances answered, 0 failed/);
    });

    test('tries again while the archive is busy or full, keeps the instance in its state meanwhile, and stores nothing twice', { skip: small }, async context => {
        const { web, folder } = archived;
        /** Answers to STOW before the archive itself answers: a status, and for 200 a reason of failure. */
        const answers = [429, ...Array.from({ length: 99 }, () => 503)];
        let stored = 0;
        const proxy = createServer(async (request, response) => {
            const chunks = [];
            for await (const chunk of request) chunks.push(chunk);
            const isStore = request.method === 'POST';
            const status = isStore ? answers.shift() : undefined;
            if (status === 200) {
                const failed = { '00081198': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: ['1.2'] }, '00081197': { vr: 'US', Value: [0xa700] } }] } };
                response.writeHead(200, { 'Content-Type': 'application/dicom+json' }).end(JSON.stringify(failed));
                return;
            }
            if (status) {
                response.writeHead(status).end();
                return;
            }
            if (isStore) stored++;
            const { host: _, 'content-length': length, ...headers } = request.headers;
            const answer = await fetch(`${archived.address}${request.url}`, {
                method: request.method ?? 'GET', headers: /** @type {Record<string, string>} */ (headers), ...(length && { body: Buffer.concat(chunks) }),
            });
            response.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') ?? '' }).end(Buffer.from(await answer.arrayBuffer()));
        }).listen(0, '127.0.0.1');
        context.after(() => {
            proxy.close();
            proxy.closeAllConnections();
        });
        await once(proxy, 'listening');
        const { port } = /** @type {import('node:net').AddressInfo} */ (proxy.address());
        const behind = { ...archived, address: `http://127.0.0.1:${port}` };
        const doneOf = async () => JSON.parse(await readFile(path.join(folder, 'state.json'), 'utf8')).done;

        const hook = startHook(behind);
        await until(() => /waits for/.test(hook.stderr()), 'the hook is ready');
        const first = await doneOf();
        await web.store([ultrasound('1', { study: '1.2.3.6' })]);
        await until(() => /HTTP 429\); it is tried again/.test(hook.stderr()) && /HTTP 503\); it is tried again/.test(hook.stderr()), 'two complaints');
        assert.equal(await hook.end(), 0, hook.stderr());
        assert.deepEqual([hook.lines(), stored], [[], 0]);
        const kept = await doneOf();
        const log = await (await fetch(`${archived.address}/changes?since=${kept}&limit=1`, { headers: headersOf(CREDENTIALS) })).json();
        assert.deepEqual([kept >= first, log.Changes[0].ChangeType], [true, 'NewInstance'], 'the state stops before the instance');

        answers.splice(0, answers.length, 200, 507);
        const next = startHook(behind);
        await until(() => next.lines().length > 0, 'an answer');
        assert.match(next.stderr(), /no space left \(0xa700\); it is tried again[^]*no space left \(HTTP 507\); it is tried again/);
        assert.equal(await next.end(), 0, next.stderr());
        assert.equal(stored, 1);

        // Killed after storing and before the note: the same objects are made, which the archive has.
        const { instance } = next.lines()[0];
        assert.equal((await fetch(`${archived.address}/instances/${instance}/metadata/sonomask`, { method: 'DELETE', headers: headersOf(CREDENTIALS) })).status, 200);
        await writeFile(path.join(folder, 'state.json'), JSON.stringify({ done: kept }));
        const again = startHook(behind);
        await until(() => again.lines().length > 0, 'an answer');
        assert.equal(await again.end(), 0, again.stderr());
        for (const modality of ['SEG', 'SR']) assert.equal((await instancesOf(web, '1.2.3.6', modality)).length, 1, modality);

        await writeFile(path.join(folder, 'cut.json'), '{"done":');
        const damaged = startHook(behind, ['--state', path.join(folder, 'cut.json')]);
        await until(() => /cut\.json: it is no state/.test(damaged.stderr()), 'the file is named');
        assert.equal(await damaged.ended(), 1);
    });

    test('waits while the archive is stopped, also before it has started', { skip: small }, async () => {
        const { folder, web } = archived;
        await archived.stop();
        // Without a state the archive is asked for its last change first.
        const state = ['--state', path.join(folder, 'none-yet.json')];
        const early = startHook(archived, state);
        await until(() => /cannot be reached .*tried again/.test(early.stderr()), 'a complaint', 20_000);
        assert.equal(await early.end(), 0, 'it can be ended while it waits');
        const hook = startHook(archived, state);
        await until(() => /cannot be reached .*tried again/.test(hook.stderr()), 'a complaint', 20_000);
        await archived.restart();
        await until(() => /waits for/.test(hook.stderr()), 'the hook is ready');
        await archived.stop();
        const told = hook.stderr().length;
        await until(() => /cannot be reached .*tried again/.test(hook.stderr().slice(told)), 'a complaint', 20_000);
        await archived.restart();
        await web.store([ultrasound('6')]);
        await until(() => hook.lines().length === 1, 'a line', 60_000);
        assert.equal(hook.lines()[0].sopInstance, '1.2.3.1.2.6');
        assert.equal(await hook.end(), 0);
    });

    test('nothing is exposed beyond this machine', async () => {
        const { address, folder, hookPort } = archived;
        const hook = startHook(archived);
        await until(() => /waits for/.test(hook.stderr()), 'the hook is ready');
        assert.deepEqual(await listeningOf(`--listen\0${hookPort}`), ['127.0.0.1']);
        await hook.end();
        // Orthanc 1.10 cannot listen at one address only. It has one port, without DICOM's own protocol, and answers no address but
        // 127.0.0.1, whatever the name and password.
        assert.equal((await listeningOf(path.join(folder, 'config'))).length, 1);
        const others = Object.values(networkInterfaces()).flatMap(each => each ?? []).filter(({ internal, family }) => !internal && family === 'IPv4').map(each => each.address);
        const statusOf = (/** @type {string} */ host, /** @type {string | undefined} */ localAddress, /** @type {string} */ place) => new Promise((resolve, reject) => {
            get({ host, localAddress, port: new URL(address).port, path: place, headers: headersOf(CREDENTIALS) }, response => {
                response.resume();
                resolve(response.statusCode);
            }).on('error', reject);
        });
        assert.equal(await statusOf('127.0.0.1', undefined, '/system'), 200);
        for (const place of ['/system', '/dicom-web/studies', '/sonomask/web/index.html', '/app/explorer.html']) {
            assert.equal(await statusOf('127.0.0.1', '127.0.0.2', place), 401, place);
            for (const other of others) assert.equal(await statusOf(other, undefined, place), 401, `${other}${place}`);
        }
    });

    test('a wrong password, the state of another archive and wrong usage are named', async context => {
        const { address, folder } = archived;
        const ahead = path.join(folder, 'ahead.json');
        await writeFile(ahead, '{"done":9999}');
        const other = startHook(archived, ['--state', ahead, '--threads', '1']);
        context.after(() => other.kill());
        await until(() => /\n/.test(other.stderr()), 'a line');
        assert.match(other.stderr(), /ahead\.json is of another archive: it ends at change 9999, and .* is at \d+\. /);
        assert.equal(await other.ended(), 1, other.stderr());
        assert.deepEqual(JSON.parse(await readFile(ahead, 'utf8')), { done: 9999 });
        const env = { ...process.env, ORTHANC_USER: 'reader', ORTHANC_PASSWORD: 'wrong' };
        const refused = await attempt(process.execPath, [CLI, 'orthanc', '--url', address, '--listen', '0', '--threads', '1'], { env });
        assert.deepEqual([refused.status, /refuses name and password \(HTTP 401\)/.test(refused.stderr)], [1, true], refused.stderr);
        for (const [options, message] of /** @type {[string[], RegExp][]} */ ([
            [['--url', 'orthanc'], /--url needs an address/], [['--listen', '70000'], /--listen needs a whole number/],
            [['--url', 'http://a:b@localhost'], /ORTHANC_USER and ORTHANC_PASSWORD/], [['x'], /x/],
        ])) {
            const { status, stderr } = await attempt(process.execPath, [CLI, 'orthanc', ...options]);
            assert.equal(status, 2);
            assert.match(stderr, message);
        }
    });

    test('another server at the port is not taken for the archive that is started', async context => {
        const [folder, port] = [await temporaryFolder(context), Number(new URL(archived.address).port)];
        await assert.rejects(startOrthanc({ folder, port, hookPort: archived.hookPort, credentials: CREDENTIALS }), new RegExp(`port ${port} is in use`));
    });

    test('the script inside Orthanc reports each new ultrasound instance', { skip: small }, async context => {
        const { hookPort, web } = archived;
        let reports = 0;
        const listener = createServer((request, response) => {
            reports++;
            request.resume().on('end', () => response.writeHead(204).end());
        }).listen(hookPort, '127.0.0.1');
        context.after(() => listener.close());
        await web.store([ultrasound('1', { study: '1.2.3.5' }), ultrasound('2', { study: '1.2.3.5' })]);
        await until(() => reports === 2, 'two reports', 20_000);
    });
});
