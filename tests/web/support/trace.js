/** Chromium's trace of a page: tasks of its main thread, and when frames reached the screen. */
import assert from 'node:assert/strict';
import { once } from 'node:events';

/** @typedef {{ name: string, cat: string, ph: string, ts: number, dur?: number, tdur?: number, tid: number, pid: number, id2?: { local: string } }} TraceEvent */

/** Finds the page's main thread in the trace; the browser's own windows have main threads too. */
const MARK = 'the page under test';

/**
 * @param {import('playwright-core').Page} page
 * @param {boolean} [withFrames] whether frames are traced, too, which takes time of its own
 * @returns {Promise<{ stop: () => Promise<TraceEvent[]> }>}
 */
export async function startTrace(page, withFrames = false) {
    const browser = page.context().browser();
    assert.ok(browser);
    const session = await browser.newBrowserCDPSession();
    /** @type {TraceEvent[]} */
    const events = [];
    session.on('Tracing.dataCollected', ({ value }) => events.push(.../** @type {any[]} */ (value)));
    const includedCategories = ['toplevel', 'blink.user_timing', ...(withFrames ? ['disabled-by-default-devtools.timeline.frame'] : [])];
    await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories } });
    await page.evaluate(name => void performance.mark(name), MARK);
    return {
        async stop() {
            const complete = once(/** @type {any} */ (session), 'Tracing.tracingComplete');
            await session.send('Tracing.end');
            await complete;
            await session.detach();
            return events;
        },
    };
}

/**
 * @param {TraceEvent[]} events
 * @returns {TraceEvent[]} those of the page's main thread, in order of time
 */
function ofMainThread(events) {
    const mark = events.find(({ name }) => name === MARK);
    assert.ok(mark, 'the trace saw the page');
    return events.filter(({ pid, tid }) => pid === mark.pid && tid === mark.tid).sort((a, b) => a.ts - b.ts);
}

/**
 * Tasks of the page's main thread.
 * @param {TraceEvent[]} events
 * @param {'tdur' | 'dur'} [time] processor time, as on a busy machine elapsed time would include other work, or elapsed time
 * @param {string} [mark] only the tasks that made it
 * @returns {number[]} milliseconds
 */
export function mainThreadTasks(events, time = 'tdur', mark) {
    const main = ofMainThread(events);
    const marks = main.filter(({ name }) => name === mark);
    return main
        .filter(({ name, ph }) => ph === 'X' && /RunTask$/.test(name))
        .filter(({ ts, dur = 0 }) => mark === undefined || marks.some(each => each.ts >= ts && each.ts <= ts + dur))
        .map(event => (event[time] ?? 0) / 1000);
}

/**
 * @param {TraceEvent[]} events
 * @param {string} from a mark
 * @param {string} to another one
 * @returns {number} milliseconds between the first of each
 */
export function timeBetween(events, from, to) {
    const [start, end] = [from, to].map(mark => ofMainThread(events).find(({ name }) => name === mark)?.ts ?? NaN);
    return ((end ?? NaN) - (start ?? NaN)) / 1000;
}

/**
 * @param {TraceEvent[]} events with frames
 * @param {number} pid
 * @returns {{ from: number, to: number, shown: number }[]} frames that the page drew: from and to are the work of its main
 *     thread and the commit, shown is when the frame was on the screen; microseconds
 */
function framesOf(events, pid) {
    /** @type {Map<string, { from?: number, to?: number, shown?: number }>} */
    const open = new Map();
    const frames = [];
    const ofFrames = events.filter(event => event.pid === pid && event.id2 && /timeline\.frame/.test(event.cat)).sort((a, b) => a.ts - b.ts);
    // The numbers of frames are used again.
    for (const { name, ph, ts, id2 } of ofFrames) {
        const id = id2?.local ?? '';
        if (name === 'PipelineReporter' && ph === 'b') open.set(id, {});
        const frame = open.get(id);
        if (!frame) continue;
        if (name === 'SendBeginMainFrameToCommit' && ph === 'b') frame.from = ts;
        else if (name === 'Commit' && ph === 'e') frame.to = ts;
        else if (name === 'SubmitCompositorFrameToPresentationCompositorFrame' && ph === 'e') frame.shown = ts;
        else if (name === 'PipelineReporter' && ph === 'e') {
            open.delete(id);
            const { from, to, shown } = frame;
            if (from !== undefined && to !== undefined && shown !== undefined) frames.push({ from, to, shown });
        }
    }
    return frames;
}

/**
 * From each mark of one name to the screen: to when the first frame with a mark of the other name is shown.
 * @param {TraceEvent[]} events with frames
 * @param {string} from
 * @param {string} to made while a frame is drawn
 * @returns {number[]} milliseconds, one per mark; NaN where no such frame came before the next mark
 */
export function timesToScreen(events, from, to) {
    const main = ofMainThread(events);
    const frames = framesOf(events, main[0]?.pid ?? 0);
    const begins = main.filter(({ name }) => name === from);
    return begins.map(({ ts }, index) => {
        const end = begins[index + 1]?.ts ?? Infinity;
        const drawn = main.find(event => event.name === to && event.ts > ts && event.ts < end);
        const frame = drawn && frames.find(each => each.from <= drawn.ts && drawn.ts <= each.to);
        return frame ? (frame.shown - ts) / 1000 : NaN;
    });
}
