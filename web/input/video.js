/** Video files, decoded by the browser frame by frame. */
import { pixelsOf } from './pixels.js';
import { learnRate } from './rate.js';
import { SourceError } from './source.js';

/**
 * @typedef {import('./source.js').Source} Source
 */

const LONGEST_WAIT = 15000; // milliseconds until the browser has opened a file or found a frame

/**
 * @param {HTMLVideoElement} video
 * @param {string} name of the event to wait for
 * @returns {Promise<void>}
 */
function waitFor(video, name) {
    return new Promise((resolve, reject) => {
        const failed = () => reject(new SourceError('problem.video', video.error?.message));
        const timer = setTimeout(failed, LONGEST_WAIT);
        video.addEventListener(name, () => (clearTimeout(timer), resolve()), { once: true });
        video.addEventListener('error', () => (clearTimeout(timer), failed()), { once: true });
    });
}

/**
 * @param {Blob} file
 * @returns {Promise<Source>}
 */
export async function openVideo(file) {
    const video = document.createElement('video');
    const address = URL.createObjectURL(file);
    video.muted = true;
    video.preload = 'auto';
    const ready = waitFor(video, 'loadeddata');
    video.src = address;
    const close = () => {
        video.removeAttribute('src');
        video.load();
        URL.revokeObjectURL(address);
    };
    let rate;
    try {
        await ready;
        if (video.videoWidth === 0) throw new SourceError('problem.video');
        rate = await learnRate(video);
        if (!Number.isFinite(video.duration)) await learnDuration(video);
    } catch (error) {
        close();
        throw error;
    }
    const frameCount = Math.max(1, Math.round(video.duration * rate));
    /** The last frame: the viewer and the network both use it. @type {{ frame: number, picture: ImageBitmap } | null} */
    let last = null;
    let plays = false;
    /** Frames are taken one after the other, because a video element has one position. @type {Promise<unknown>} */
    let queue = Promise.resolve();
    const take = async (/** @type {number} */ frame) => {
        if (last?.frame !== frame) {
            const picture = plays ? await createImageBitmap(video) : await frameAt(video, (frame + 0.5) / rate);
            last?.picture.close();
            last = { frame, picture };
        }
        return createImageBitmap(/** @type {{ picture: ImageBitmap }} */ (last).picture);
    };
    /**
     * @param {number} frame
     * @returns {Promise<ImageBitmap>}
     */
    const picture = frame => {
        const next = queue.then(() => take(frame));
        queue = next.catch(() => undefined);
        return next;
    };
    return {
        kind: 'video',
        frameCount,
        framesPerSecond: rate,
        scales: [],
        areas: [],
        input: async frame => pixelsOf(await picture(frame)),
        picture,
        ...('requestVideoFrameCallback' in video
            ? {
                  play(/** @type {number} */ from, /** @type {(frame: number) => void} */ onFrame) {
                      plays = true;
                      const onVideoFrame = (/** @type {number} */ _now, /** @type {{ mediaTime: number }} */ { mediaTime }) => {
                          if (!plays) return;
                          onFrame(Math.min(frameCount - 1, Math.round(mediaTime * rate)));
                          video.requestVideoFrameCallback(onVideoFrame);
                      };
                      video.loop = true;
                      video.currentTime = Math.min(video.duration, (from + 0.5) / rate);
                      video.requestVideoFrameCallback(onVideoFrame);
                      video.play().catch(() => undefined); // the picture then stays, and the button still stops it
                      return () => {
                          plays = false;
                          video.pause();
                      };
                  },
              }
            : {}),
        close() {
            last?.picture.close();
            close();
        },
    };
}

/**
 * Files that browsers recorded have no duration in their header. A seek past the end makes the element find it.
 * @param {HTMLVideoElement} video
 */
async function learnDuration(video) {
    const sought = waitFor(video, 'seeked');
    video.currentTime = 1e7;
    await sought;
    if (!Number.isFinite(video.duration)) throw new SourceError('problem.video');
}

/**
 * @param {HTMLVideoElement} video
 * @param {number} seconds
 * @returns {Promise<ImageBitmap>}
 */
async function frameAt(video, seconds) {
    const wanted = Math.min(seconds, Math.max(0, video.duration - 0.001));
    if (Math.abs(video.currentTime - wanted) > 0.001) {
        const sought = waitFor(video, 'seeked');
        video.currentTime = wanted;
        await sought;
    }
    return createImageBitmap(video);
}
