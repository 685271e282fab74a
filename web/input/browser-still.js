/** WebP, AVIF and GIF, decoded by the browser: a still image, or a loop where the browser gives its frames. */
import { SourceError } from './source.js';

/**
 * @typedef {import('./source.js').RawImage} RawImage
 * @typedef {import('./source.js').Source} Source
 */

/** The colours as they are in the file, as the engine's own decoder gives them. @type {ImageBitmapOptions} */
const AS_STORED = { imageOrientation: 'from-image', colorSpaceConversion: 'none', premultiplyAlpha: 'none' };
const FASTEST = 120; // frames per second

/**
 * @param {ImageBitmap} picture closed by this
 * @returns {RawImage}
 */
function pixelsOf(picture) {
    const { width, height } = picture;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new SourceError('problem.memory');
    context.drawImage(picture, 0, 0);
    picture.close();
    return { data: context.getImageData(0, 0, width, height).data, width, height };
}

/** @param {string} type such as image/webp */
function nameOf(type) {
    return type.replace('image/', '').toUpperCase();
}

/**
 * @param {Blob} file
 * @param {string} type
 * @returns {Promise<{ frameCount: number, framesPerSecond: number, picture: (frame: number) => Promise<ImageBitmap>, close: () => void } | null>}
 *     null: not a loop, or the browser does not give the frames of one
 */
async function openLoop(file, type) {
    if (!('ImageDecoder' in globalThis) || !(await ImageDecoder.isTypeSupported(type))) return null;
    const decoder = new ImageDecoder({ data: await file.arrayBuffer(), type, colorSpaceConversion: 'none' });
    try {
        await Promise.all([decoder.tracks.ready, decoder.completed]);
        const frameCount = decoder.tracks.selectedTrack?.frameCount ?? 1;
        if (frameCount < 2) {
            decoder.close();
            return null;
        }
        const take = async (/** @type {number} */ frameIndex) => (await decoder.decode({ frameIndex })).image;
        const first = await take(0);
        const seconds = (first.duration ?? 0) / 1e6;
        first.close();
        return {
            frameCount,
            framesPerSecond: seconds > 0 ? Math.min(FASTEST, 1 / seconds) : 10,
            async picture(frame) {
                try {
                    const image = await take(frame);
                    const picture = await createImageBitmap(image);
                    image.close();
                    return picture;
                } catch {
                    throw new SourceError('problem.browser-image', nameOf(type));
                }
            },
            close: () => decoder.close(),
        };
    } catch {
        decoder.close();
        return null; // the still decoder gives the reason when it cannot read the file either
    }
}

/**
 * @param {Blob} file
 * @param {string} type such as image/webp
 * @returns {Promise<Source>}
 */
export async function openBrowserStill(file, type) {
    const loop = await openLoop(file, type);
    const picture = loop?.picture ?? (() => createImageBitmap(file, AS_STORED));
    try {
        (await picture(0)).close();
    } catch {
        loop?.close();
        throw new SourceError('problem.browser-image', nameOf(type));
    }
    return {
        kind: 'image',
        frameCount: loop?.frameCount ?? 1,
        framesPerSecond: loop?.framesPerSecond ?? 0,
        scales: [],
        areas: [],
        input: async frame => pixelsOf(await picture(frame)),
        picture,
        close: () => loop?.close(),
    };
}
