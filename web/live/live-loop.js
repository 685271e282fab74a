/**
 * Segments the newest frame of a playing video, one at a time: a frame that comes meanwhile takes the place of the one that
 * waits, so nothing queues up and the delay stays that of one frame. The scan is found in the first frame that looks like
 * ultrasound, and then stays where it is.
 */

/**
 * @typedef {import('../../wasm/sonomask.js').Rectangle} Rectangle
 * @typedef {import('../../wasm/sonomask.js').RawImage} RawImage
 * @typedef {import('../../wasm/sonomask.js').Segmentation} Segmentation
 */

const LARGEST_SIDE = 1024; // pixels: the network's input is much smaller, and reading a large picture back takes long

/** @typedef {{ now: number, captureTime?: number }} Shown when a frame was shown, and when the camera took it: milliseconds */

export class LiveLoop {
    #video;
    #segment;
    #onAnswer;
    #onProblem;
    #canvas = new OffscreenCanvas(1, 1);
    /** The newest frame that was not segmented. @type {Shown | null} */
    #waiting = null;
    #busy = false;
    #running = false;
    #request = 0;
    /** @type {Rectangle[] | null} */
    #regions = null;
    /** How often the scan was to be found again. */
    #search = 0;

    /**
     * @param {HTMLVideoElement} video
     * @param {object} calls
     * @param {(image: RawImage, regions: Rectangle[] | 'auto') => Promise<Segmentation>} calls.segment
     * @param {(answer: Segmentation, taken: number) => void} calls.onAnswer with the time at which its frame was taken
     * @param {(error: unknown) => void} calls.onProblem the loop has stopped
     */
    constructor(video, { segment, onAnswer, onProblem }) {
        this.#video = video;
        this.#segment = segment;
        this.#onAnswer = onAnswer;
        this.#onProblem = onProblem;
    }

    start() {
        if (this.#running) return;
        this.#running = true;
        this.#listen();
    }

    stop() {
        this.#running = false;
        this.#waiting = null;
        if ('cancelVideoFrameCallback' in this.#video) this.#video.cancelVideoFrameCallback(this.#request);
        else cancelAnimationFrame(this.#request);
    }

    /** The scan is looked for again. */
    findRegion() {
        this.#regions = null;
        this.#search++;
    }

    #listen() {
        const shown = (/** @type {number} */ now, /** @type {{ captureTime?: number } | undefined} */ metadata) => {
            if (!this.#running) return;
            this.#waiting = metadata?.captureTime ? { now, captureTime: metadata.captureTime } : { now };
            void this.#next();
            this.#listen();
        };
        this.#request = 'requestVideoFrameCallback' in this.#video ? this.#video.requestVideoFrameCallback(shown) : requestAnimationFrame(now => shown(now, undefined));
    }

    async #next() {
        if (this.#busy) return;
        this.#busy = true;
        try {
            while (this.#running && this.#waiting) {
                const { now, captureTime } = this.#waiting;
                this.#waiting = null;
                const image = this.#read();
                if (!image) break;
                const asked = this.#regions;
                const search = this.#search;
                const answer = await this.#segment(image, asked ?? 'auto');
                if (!this.#running) break;
                // An answer that was on its way when the scan was to be found again does not decide where it is.
                if (!asked && search === this.#search && answer.looksLikeUltrasound) this.#regions = answer.regions.map(({ x, y, width, height }) => ({ x, y, width, height }));
                this.#onAnswer(answer, captureTime ?? now);
            }
        } catch (error) {
            this.stop();
            this.#onProblem(error);
        } finally {
            this.#busy = false;
        }
    }

    /** @returns {RawImage | null} the frame that the video shows; null: it shows none */
    #read() {
        const { videoWidth, videoHeight } = this.#video;
        if (videoWidth === 0 || videoHeight === 0) return null;
        const scale = Math.min(1, LARGEST_SIDE / Math.max(videoWidth, videoHeight));
        const width = Math.max(1, Math.round(videoWidth * scale));
        const height = Math.max(1, Math.round(videoHeight * scale));
        if (this.#canvas.width !== width || this.#canvas.height !== height) {
            this.#canvas = new OffscreenCanvas(width, height);
            this.#regions = null;
        }
        const context = this.#canvas.getContext('2d', { willReadFrequently: true });
        if (!context) return null;
        context.drawImage(this.#video, 0, 0, width, height);
        return { data: context.getImageData(0, 0, width, height).data, width, height };
    }
}
