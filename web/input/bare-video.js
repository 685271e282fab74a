/** H.264 without a container, decoded by the browser's own decoder, picture by picture. */
import { bareStream, readH264 } from './h264.js';
import { pixelsOf } from './pixels.js';
import { SourceError } from './source.js';

/**
 * @typedef {import('./h264.js').Picture} Picture
 * @typedef {import('./source.js').Source} Source
 */

const FALLBACK_RATE = 25;
const MOST_KEPT = 8; // decoded pictures
const MOST_AHEAD = 40; // pictures given to the decoder before it returns one: more than the standard's 16 that wait for others

/** Decodes forward, and begins again at a key picture for others. */
class Decoder {
    #config;
    #pictures;
    /** @type {VideoDecoder | null} */
    #decoder = null;
    #given = 0;
    #returned = 0;
    #wanted = 0;
    /** @type {Map<number, Promise<ImageBitmap>>} */
    #kept = new Map();
    /** Called when the decoder has returned a picture or failed. */
    #wake = () => {};
    #failed = false;

    /**
     * @param {VideoDecoderConfig} config
     * @param {Picture[]} pictures in the order of decoding, which is that of showing between two key pictures as a whole
     */
    constructor(config, pictures) {
        this.#config = config;
        this.#pictures = pictures;
    }

    /** @param {number} frame */
    #keyBefore(frame) {
        let key = frame;
        while (key > 0 && !this.#pictures[key]?.key) key--;
        return key;
    }

    /** @param {number} key */
    #restart(key) {
        this.close();
        this.#failed = false;
        [this.#given, this.#returned] = [key, key];
        const decoder = new VideoDecoder({
            output: frame => {
                if (this.#decoder !== decoder) {
                    frame.close();
                    return;
                }
                const index = this.#returned++;
                if (index < this.#wanted) frame.close();
                else this.#keep(index, createImageBitmap(frame).finally(() => frame.close()));
                this.#wake();
            },
            error: () => {
                if (this.#decoder !== decoder) return;
                this.#failed = true;
                this.#wake();
            },
        });
        this.#decoder = decoder;
        decoder.configure(this.#config);
    }

    /**
     * @param {number} index
     * @param {Promise<ImageBitmap>} picture
     */
    #keep(index, picture) {
        picture.catch(() => undefined); // awaited by who wants it
        this.#kept.set(index, picture);
        for (const [oldest, dropped] of this.#kept) {
            if (this.#kept.size <= MOST_KEPT || oldest === this.#wanted) break;
            this.#kept.delete(oldest);
            dropped.then(bitmap => bitmap.close(), () => undefined);
        }
    }

    /**
     * @param {number} frame
     * @returns {Promise<ImageBitmap>} kept here
     */
    async picture(frame) {
        this.#wanted = frame;
        const key = this.#keyBefore(frame);
        if (!this.#kept.has(frame) && (!this.#decoder || this.#failed || frame < this.#returned || key > this.#given)) this.#restart(key);
        while (!this.#kept.has(frame)) {
            const decoder = /** @type {VideoDecoder} */ (this.#decoder);
            const next = this.#pictures[this.#given];
            if (this.#failed) throw new SourceError('problem.video');
            if (next && this.#given - this.#returned < MOST_AHEAD) {
                decoder.decode(new EncodedVideoChunk({ type: next.key ? 'key' : 'delta', timestamp: this.#given * 1000, data: next.bytes }));
                this.#given++;
                // The decoder's outputs come between.
                if (decoder.decodeQueueSize > 2) await this.#output();
            } else if (next) {
                await this.#output();
            } else {
                await decoder.flush().catch(() => undefined);
                if (this.#kept.has(frame)) break;
                this.#failed = true;
            }
        }
        return /** @type {Promise<ImageBitmap>} */ (this.#kept.get(frame));
    }

    /** @returns {Promise<void>} when the decoder has returned a picture or taken one */
    #output() {
        return new Promise(resolve => {
            this.#wake = resolve;
            this.#decoder?.addEventListener('dequeue', () => resolve(), { once: true });
        });
    }

    close() {
        if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
        this.#decoder = null;
        for (const picture of this.#kept.values()) picture.then(bitmap => bitmap.close(), () => undefined);
        this.#kept.clear();
    }
}

/**
 * @param {Uint8Array} bytes a bare or a transport stream
 * @param {number} framesPerSecond 0: unknown
 * @returns {Promise<Source>}
 */
export async function openBareVideo(bytes, framesPerSecond) {
    const read = readH264(bareStream(bytes));
    if (!read || !('VideoDecoder' in globalThis)) throw new SourceError('problem.video');
    const config = { codec: read.codec };
    const { supported } = await VideoDecoder.isConfigSupported(config).catch(() => ({ supported: false }));
    if (!supported) throw new SourceError('problem.video');
    const decoder = new Decoder(config, read.pictures);
    /** Pictures are taken one after the other, because the decoder goes forward. @type {Promise<unknown>} */
    let queue = Promise.resolve();
    const picture = (/** @type {number} */ frame) => {
        const next = queue.then(async () => createImageBitmap(await decoder.picture(frame)));
        queue = next.catch(() => undefined);
        return next;
    };
    try {
        (await picture(0)).close();
    } catch (error) {
        decoder.close();
        throw error;
    }
    return {
        kind: 'video',
        frameCount: read.pictures.length,
        framesPerSecond: framesPerSecond || FALLBACK_RATE,
        scales: [],
        areas: [],
        input: async frame => pixelsOf(await picture(frame)),
        picture,
        close: () => decoder.close(),
    };
}
