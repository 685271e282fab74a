/** DICOMweb with a real Orthanc: what is stored comes back to the bit. And the answers of an archive in trouble. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { DicomWeb, textOf } from '../../wasm/dicom/dicomweb.js';
import { libraries } from '../../wasm/dicom/libraries-node.js';
import { partsOf } from '../../wasm/dicom/multipart.js';
import { readDerived } from '../../wasm/dicom/read-derived.js';
import { readReference } from '../../wasm/dicom/reference.js';
import { measurementReport } from '../../wasm/dicom/report.js';
import { binarySegmentation } from '../../wasm/dicom/segmentation.js';
import { archive, instancesOf, skip, ultrasound } from './support/orthanc.js';

const MAKER = { version: '1.2.3', network: 'test', weights: 'ab'.repeat(32) };
const [WIDTH, HEIGHT] = [35, 21];

/** @param {number} seed */
const numbersOf = seed => Uint8Array.from({ length: WIDTH * HEIGHT }, (_, index) => Number((index * index * 7 + seed * 31) % 11 < 4));

/** @param {string} address */
async function reasonOf(address, patience = 5000) {
    const web = new DicomWeb(address, { patience });
    const error = await web.store([ultrasound('1')]).then(stored => stored.failed[0] ?? null, problem => problem);
    return error?.trouble ?? error?.reason;
}

test('three clients at once, the archive restarted while they store, and again after that: all masks are equal to the bit', { skip }, async context => {
    const archived = await archive();
    context.after(() => archived.close());
    const { web } = archived;
    let [stored, interrupted] = [0, 0];
    /** @type {Promise<void> | null} */
    let restart = null;
    /** Resolves when the archive has stopped: it is fast, and could have stored everything before. @type {Promise<void>} */
    let away = Promise.resolve();
    /** Like any client of an archive that may be away for a while. @param {Uint8Array<ArrayBuffer>[]} files */
    const store = async files => {
        for (;;) {
            await away;
            const answer = await web.store(files).catch(error => {
                if (error.trouble !== 'unreachable' && error.trouble !== 'busy') throw error;
                interrupted++;
                return null;
            });
            if (!answer) {
                await new Promise(resolve => {
                    setTimeout(resolve, 20);
                });
                continue;
            }
            assert.deepEqual(answer.failed, []);
            // In the middle, while the other clients are storing.
            if (++stored === 6)
                away = new Promise(resolve => {
                    restart = archived.restart(undefined, resolve);
                });
            return;
        }
    };
    const clients = await Promise.all([1, 2, 3].map(async client => {
        const study = `1.2.3.${client}`;
        const images = [];
        for (const instance of ['1', '2', '3']) {
            const image = ultrasound(instance, { study, width: WIDTH, height: HEIGHT, frames: 3 });
            await store([image]);
            const source = await readReference(image, libraries, true);
            const frames = [0, 1, 2].map(frame => ({ frame, lesions: 1, numbers: numbersOf(10 * client + 3 * Number(instance) + frame), edited: false }));
            const seg = binarySegmentation(source, frames, MAKER);
            const sr = measurementReport(source, seg, frames.map(({ frame }) => ({ frame, presence: 0.5, lesions: [] })), MAKER);
            await store([seg.file, sr]);
            images.push({ seg: seg.sopInstance, frames });
        }
        return { study, images };
    }));
    await restart;
    assert.ok(interrupted > 0, 'the archive was away while clients stored');
    await archived.restart();
    assert.equal((await web.search('studies', [['ModalitiesInStudy', 'US']])).length, 3);
    const [found] = await web.search('studies', [['StudyInstanceUID', '1.2.3.2'], ['includefield', 'StudyDescription']]);
    assert.deepEqual([textOf(found ?? {}, '00081030'), textOf(found ?? {}, '00100010')], ['Breast left', 'Doe^Jane']);
    for (const { study, images } of clients) {
        const instances = await instancesOf(web, study, 'SEG');
        assert.equal(instances.length, 3);
        for (const { seg, frames } of images) {
            const instance = instances.find(({ sopInstance }) => sopInstance === seg);
            const read = instance && (await readDerived(await web.retrieve(instance), libraries));
            assert.deepEqual(read?.masks.map(({ segments }) => segments[0]?.mask), frames.map(({ numbers }) => numbers.map(number => 255 * number)));
        }
        assert.equal((await instancesOf(web, study, 'SR')).length, 3);
    }
    await assert.rejects(web.retrieve({ study: '1.2.3.1', series: '1.2.3.1.2', sopInstance: '1.2.3.9' }), { trouble: 'missing' });
    await assert.rejects(new DicomWeb(`${archived.address}/dicom-web`).search('studies', []), { trouble: 'refused' });
    await archived.stop();
    await assert.rejects(web.search('studies', []), { trouble: 'unreachable' });
});

describe('an archive in trouble', () => {
    /** @type {[status: number, body: string, expected: string | number][]} */
    const cases = [
        [401, '', 'refused'], [403, '', 'refused'], [413, '', 'too-large'], [507, '', 'full'], [500, '', 'busy'], [429, '', 'busy'], [503, '', 'busy'], [502, '', 'busy'], [418, '', 'answer'], [409, '', 'not-stored'], [200, '<html>', 'answer'],
        [409, '{"00081198":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2"]},"00081197":{"vr":"US","Value":[272]}}]}}', 272],
    ];
    test('each has a reason of its own', async context => {
        let [status, body] = [200, ''];
        const server = createServer((request, response) => {
            request.resume().on('end', () => {
                if (status !== 0) response.writeHead(status, { 'Content-Type': 'application/dicom+json' }).end(body);
            });
        }).listen(0, '127.0.0.1');
        context.after(() => {
            server.close();
            server.closeAllConnections();
        });
        await once(server, 'listening');
        const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
        const address = `http://127.0.0.1:${port}`;
        for (const [given, text, expected] of cases) {
            [status, body] = [given, text];
            assert.equal(await reasonOf(address), expected, `${given} ${text}`);
        }
        status = 0;
        await assert.rejects(new DicomWeb(address, { patience: 100 }).search('studies', []), { trouble: 'slow' });
        const abort = new AbortController();
        const pending = new DicomWeb(address).search('studies', [], abort.signal);
        abort.abort();
        await assert.rejects(pending, { name: 'AbortError' });
    });

    test('bodies of several parts, with and without lengths, and cut ones', () => {
        const type = 'multipart/related; type="application/dicom"; boundary="b-1"';
        const body = new TextEncoder().encode('--b-1\r\nContent-Length: 4\r\n\r\n\r\n-\n\r\n--b-1\r\n\r\nsecond\r\n--b-1--\r\n');
        assert.deepEqual(partsOf(body, type).map(part => new TextDecoder().decode(part)), ['\r\n-\n', 'second']);
        assert.deepEqual(partsOf(body, 'application/dicom'), [body]);
        // A wrong length is not believed.
        const wrong = new TextEncoder().encode('--b-1\r\nContent-Length: 2\r\n\r\nwhole\r\n--b-1--');
        assert.deepEqual(partsOf(wrong, type).map(part => new TextDecoder().decode(part)), ['whole']);
        for (const length of [3, 20, 30, 45]) assert.throws(() => partsOf(body.subarray(0, length), type), /damaged/);
    });
});
