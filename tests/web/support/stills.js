/** Small files of the formats that the browser decodes. */

/** A test picture of 48 x 32 pixels, written by FFmpeg with libaom. */
export const AVIF = Buffer.from(
    'AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAAD5bWV0YQAAAAAAAAAvaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAFBpY3R1cmVI' +
    'YW5kbGVyAAAAAA5waXRtAAAAAAABAAAAHmlsb2MAAAAARAAAAQABAAAAAQAAASEAAADyAAAAKGlpbmYAAAAAAAEAAAAaaW5mZQIAAAAAAQAAYXYw' +
    'MUNvbG9yAAAAAGppcHJwAAAAS2lwY28AAAAUaXNwZQAAAAAAAAAwAAAAIAAAABBwaXhpAAAAAAMICAgAAAAMYXYxQ4EgAAAAAAATY29scm5jbHgA' +
    'AgACAACAAAAAF2lwbWEAAAAAAAAAAQABBAECgwQAAAD6bWRhdAoIOBUv+2gIaAEy5QFGgAIEEAFBY4VA2PQ8FXczziRKHZZRVBgAAAD7G2Gt/QX0' +
    'fYX8JA2/9gxFLbzwRjLv3xyXmNDXES1NhkufEz/6schRHZ4YMIv4al1sXJnvKKA0+Y0QTv7JHPIUb8c+qYp2OEVk05eDAAx9/sIIgMCuRw/lKyAk' +
    '6MZ5kmRpkqXgglxgA7XbERHJ2CP8fyWxF0YzVMoCBDjudwTbRwCjhhVD2afe+kxeALZwOhESt7KZ3DcMNN+Vl6SCC+e2leDrTjl4Fj1ugoZ/gsfd' +
    'Jl/reIN26M2ASVd3vMgPO6JToEWUhtyuu+7A',
    'base64');

/**
 * @param {number} value
 * @returns {number[]} low byte first
 */
const word = value => [value & 255, value >> 8];

/**
 * @param {object} image
 * @param {number} image.width
 * @param {number} image.height
 * @param {Buffer[]} frames grey, below 128; several are a loop of five frames a second
 * @returns {Buffer} a GIF file without compression
 */
export function gif({ width, height }, frames) {
    const CLEAR = 128;
    const table = Array.from({ length: 128 }, (_, grey) => [2 * grey, 2 * grey, 2 * grey]).flat();
    const parts = frames.map(frame => {
        // A clear code before the table grows keeps every code at eight bits.
        const codes = [...frame].flatMap((grey, index) => (index % 100 === 0 ? [CLEAR, grey] : [grey]));
        codes.push(CLEAR + 1);
        const blocks = [];
        for (let at = 0; at < codes.length; at += 255) blocks.push(Math.min(255, codes.length - at), ...codes.slice(at, at + 255));
        return [0x21, 0xf9, 4, 0, ...word(20), 0, 0, 0x2c, 0, 0, 0, 0, ...word(width), ...word(height), 0, 7, ...blocks, 0];
    });
    return Buffer.from([...Buffer.from('GIF89a'), ...word(width), ...word(height), 0xf6, 0, 0, ...table, ...parts.flat(), 0x3b]);
}
