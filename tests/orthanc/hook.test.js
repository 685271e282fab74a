/** `sonomask orthanc`: every ultrasound instance of a real Orthanc is answered or named, also after a crash. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { libraries } from '../../wasm/dicom/libraries-node.js';
import { readDerived } from '../../wasm/dicom/read-derived.js';
import { readReference } from '../../wasm/dicom/reference.js';
import { attempt, CLI } from '../node/support/project.js';
import { archive, CREDENTIALS, headersOf, instancesOf, skip, startHook, ultrasound, until } from './support/orthanc.js';

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
        await web.store([ultrasound('4'), ultrasound('5')]);
        await archived.restart();
        const next = startHook(archived, ['--threads', '1']);
        await until(() => next.lines().length >= 2, 'two more lines', 60_000);
        assert.equal(await next.end(), 0, next.stderr());
        assert.deepEqual(next.lines().map(({ sopInstance }) => sopInstance).sort(), ['1.2.3.1.2.4', '1.2.3.1.2.5']);
        assert.equal((await instancesOf(web, '1.2.3.1', 'SEG')).length, 5);
        assert.match(next.stderr(), /2 instances answered, 0 failed/);
    });

    test('waits while the archive is stopped', async () => {
        const { web } = archived;
        const hook = startHook(archived);
        await until(() => /waits for/.test(hook.stderr()), 'the hook is ready');
        await archived.stop();
        hook.stderr();
        await until(() => /cannot be reached .*tried again/.test(hook.stderr()), 'a complaint', 20_000);
        await archived.restart();
        await web.store([ultrasound('6')]);
        await until(() => hook.lines().length === 1, 'a line', 60_000);
        assert.equal(hook.lines()[0].sopInstance, '1.2.3.1.2.6');
        assert.equal(await hook.end(), 0);
    });

    test('a wrong password and wrong usage are named', async () => {
        const { address } = archived;
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

    test('the script inside Orthanc reports each new ultrasound instance', async context => {
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
