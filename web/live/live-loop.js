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

/**
 * @typedef {object} Asked what the network was asked
 * @property {Promise<Segmentation>} segmented
 * @property {number} taken milliseconds, when its frame was taken
 * @property {Rectangle[] | null} regions null: they are to be found
 * @property {number} search how often they were to be found
 */

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
            let asked = this.#ask();
            while (asked) {
                const { segmented, taken, regions, search } = asked;
                const answer = await segmented;
                if (!this.#running) break;
                // An answer that was on its way when the scan was to be found again does not decide where it is.
                if (!regions && search === this.#search && answer.looksLikeUltrasound) this.#regions = answer.regions.map(({ x, y, width, height }) => ({ x, y, width, height }));
                // The network works on the next frame while this answer is drawn.
                asked = this.#ask();
                this.#onAnswer(answer, taken);
            }
        } catch (error) {
            this.stop();
            this.#onProblem(error);
        } finally {
            this.#busy = false;
        }
    }

    /** Has the waiting frame segmented. @returns {Asked | null} null: none waits */
    #ask() {
        if (!this.#running || !this.#waiting) return null;
        const { now, captureTime } = this.#waiting;
        this.#waiting = null;
        const image = this.#read();
        if (!image) return null;
        const regions = this.#regions;
        const segmented = this.#segment(image, regions ?? 'auto');
        segmented.catch(() => undefined); // its failure is handled when it is awaited
        return { segmented, taken: captureTime ?? now, regions, search: this.#search };
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
