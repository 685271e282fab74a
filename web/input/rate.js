/** The frame rate of a video. Browsers do not report it, but they report the time of each frame that they play. */

const FRAMES = 8; // to measure
const LONGEST_LOOK = 1500; // milliseconds: a page in the background gets no frames
const FALLBACK = 25;
const USUAL = [5, 6, 7.5, 8, 10, 12, 12.5, 15, 18, 20, 24, 25, 30, 40, 48, 50, 60];
const USUAL_WITHIN = 0.03;

/**
 * @param {number[]} times of frames as they were shown, seconds; some may have been left out
 * @returns {number} frames per second; 0 when there are too few times
 */
export function rateOfTimes(times) {
    const gaps = times.slice(1).map((time, index) => time - /** @type {number} */ (times[index])).filter(gap => gap > 0.001);
    if (gaps.length < 2) return 0;
    const sorted = [...gaps].sort((a, b) => a - b);
    // A dropped frame doubles a gap. The median of the other gaps gives the rate.
    const single = sorted.filter(gap => gap < /** @type {number} */ (sorted[Math.floor(sorted.length / 4)]) * 1.5);
    const rate = 1 / /** @type {number} */ (single[Math.floor((single.length - 1) / 2)]);
    const usual = USUAL.filter(candidate => Math.abs(rate / candidate - 1) < USUAL_WITHIN);
    return usual.sort((a, b) => Math.abs(rate / a - 1) - Math.abs(rate / b - 1))[0] ?? rate;
}

/**
 * Plays the beginning of a video, muted and hidden.
 * @param {HTMLVideoElement} video
 * @returns {Promise<number>} frames per second
 */
export async function learnRate(video) {
    if (!('requestVideoFrameCallback' in video)) return FALLBACK;
    /** @type {number[]} */
    const times = [];
    await new Promise(resolve => {
        const timer = setTimeout(resolve, LONGEST_LOOK);
        const done = () => (clearTimeout(timer), resolve(undefined));
        const note = (/** @type {number} */ _now, /** @type {{ mediaTime: number }} */ { mediaTime }) => {
            times.push(mediaTime);
            if (times.length < FRAMES) video.requestVideoFrameCallback(note);
            else done();
        };
        video.requestVideoFrameCallback(note);
        video.addEventListener('ended', done, { once: true });
        video.play().catch(done);
    });
    video.pause();
    return rateOfTimes(times) || FALLBACK;
}
