/**
 * The rate of the hook: `node tests/orthanc/rate.js [INSTANCES]` sends a study to a real Orthanc while `sonomask orthanc` runs,
 * and prints how long it takes until every instance has its SEG and SR or is named. One instance in 50 is damaged.
 */
import process from 'node:process';
import { archive, instancesOf, skip, startHook, ultrasound, until } from './support/orthanc.js';

const [WIDTH, HEIGHT] = [600, 450];
const STUDY = '1.2.3.77';
const AT_ONCE = 10; // instances per request
const ONE_IN = 50;

/** @param {number} index */
function instance(index) {
    const isDamaged = index % ONE_IN === ONE_IN - 1;
    return ultrasound(String(index + 1), { study: STUDY, width: WIDTH, height: HEIGHT, ...(isDamaged && { pixels: Buffer.alloc(0) }) });
}

async function main() {
    const count = Number(process.argv[2] ?? 200);
    if (skip || !Number.isInteger(count) || count < 1) {
        process.stderr.write(`${skip || 'usage: rate.js [INSTANCES]'}\n`);
        return 2;
    }
    const files = Array.from({ length: count }, (_, index) => instance(index));
    const archived = await archive();
    try {
        const hook = startHook(archived);
        await until(() => /waits for/.test(hook.stderr()), 'the hook is ready');
        const started = performance.now();
        for (let first = 0; first < count; first += AT_ONCE) await archived.web.store(files.slice(first, first + AT_ONCE));
        const sent = performance.now();
        await until(() => hook.lines().length >= count, 'a line per instance', 300_000);
        const done = performance.now();
        const lines = hook.lines();
        await hook.end();
        const failed = lines.filter(({ error }) => error).length;
        const [segs, reports] = [await instancesOf(archived.web, STUDY, 'SEG'), await instancesOf(archived.web, STUDY, 'SR')];
        const seconds = (done - started) / 1000;
        process.stdout.write([
            `${count} instances of ${WIDTH} x ${HEIGHT}: ${lines.length - failed} answered, ${failed} named, ${segs.length} SEG, ${reports.length} SR`,
            `sent in ${((sent - started) / 1000).toFixed(1)} s, all done ${seconds.toFixed(1)} s after the first was sent: ${(count / seconds).toFixed(1)} per second`,
            '',
        ].join('\n'));
        return lines.length === count && segs.length === count - failed && reports.length === segs.length ? 0 : 1;
    } finally {
        await archived.close();
    }
}

process.exitCode = await main();
