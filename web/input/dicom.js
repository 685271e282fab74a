/** DICOM files: ultrasound stills, cine loops and videos. A worker reads them (decoder.js). */
import { ask, askOnce, forget, newSource } from './decoding.js';
import { SourceError } from './source.js';
import { pictureOf, toImageData } from './still.js';

/**
 * @typedef {import('../../wasm/dicom/decode.js').Decoded} Decoded
 * @typedef {import('../../wasm/dicom/read.js').DicomFile} DicomFile
 * @typedef {import('./source.js').Source} Source
 * @typedef {import('../engine/engine.js').Engine} Engine
 */

/**
 * @param {Blob} file
 * @param {Engine} engine
 * @returns {Promise<Source>}
 */
export async function openDicom(file, engine) {
    const source = newSource();
    /** @type {Omit<DicomFile, 'frame'>} */
    const { frameCount, framesPerSecond, regions, pictures, scales, video, syntax } = await ask({ source, kind: 'dicom', file, frame: null });
    /** @type {Pick<Source, 'kind' | 'scales' | 'areas' | 'pictures'>} */
    const facts = { kind: 'dicom', scales: scales.map(scale => ({ ...scale, origin: 'dicom' })), areas: regions, pictures };
    if (video) {
        forget(source);
        return { ...(await openStream(video, syntax)), ...facts };
    }
    /** The frame decoded last: the viewer and the network both use it. @type {{ frame: number, decoded: Promise<Decoded> } | null} */
    let last = null;
    const decode = (/** @type {number} */ frame) => {
        if (last?.frame !== frame) last = { frame, decoded: ask({ source, kind: 'dicom', file, frame }) };
        return last.decoded;
    };
    return {
        ...facts,
        frameCount,
        framesPerSecond,
        async input(frame) {
            const decoded = await decode(frame);
            return 'encoded' in decoded ? decoded.encoded : decoded;
        },
        async picture(frame) {
            const decoded = await decode(frame);
            if ('encoded' in decoded) return pictureOf(new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (decoded.encoded)]), engine);
            return createImageBitmap(toImageData(decoded));
        },
        close: () => forget(source),
    };
}

export { askOnce };

/**
 * A video inside DICOM, by the browser's own decoder. Browsers read the container MP4 only.
 * @param {Uint8Array} stream
 * @param {string} syntax
 * @returns {Promise<Source>}
 */
async function openStream(stream, syntax) {
    const isMp4 = String.fromCharCode(...stream.subarray(4, 8)) === 'ftyp';
    if (!isMp4) throw new SourceError('problem.dicom-video', syntax);
    const { openVideo } = await import('./video.js');
    try {
        return await openVideo(new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (stream)], { type: 'video/mp4' }));
    } catch (error) {
        throw error instanceof SourceError ? new SourceError('problem.dicom-video', syntax) : error;
    }
}
