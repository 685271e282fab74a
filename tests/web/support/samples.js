/** The page's samples, and weights with changed settings. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buildSafetensors, parseSafetensors } from '../../node/support/safetensors.js';
import { ROOT } from '../../node/support/project.js';

/** The types that the phantoms were drawn as; the network may give them another one. */
const FILES = { benign: 'phantom-1.png', malignant: 'phantom-2.png', normal: 'phantom-3.png' };

/**
 * @param {'benign' | 'malignant' | 'normal'} type
 * @returns {Promise<{ name: string, buffer: Buffer }>}
 */
export async function sample(type) {
    return { name: `${type}.png`, buffer: await readFile(path.join(ROOT, `web/samples/${FILES[type]}`)) };
}

/**
 * @param {string} header
 * @param {string} name
 * @returns {number} its value in the C sources
 */
function constantOf(header, name) {
    return Number(readFileSync(path.join(ROOT, header), 'utf8').match(new RegExp(`\\b${name} = (\\d+)`))?.[1]);
}

/**
 * The page's weights with neutral statistics of training images: the limit alone decides whether an image is out of
 * distribution.
 * @param {Uint8Array} weights a safetensors file
 * @param {number} limit
 * @returns {Buffer}
 */
export function withOutlierLimit(weights, limit) {
    const { header, data } = parseSafetensors(weights);
    const statistics = constantOf('src/image_statistics.h', 'SM_STATISTICS_COUNT');
    const axes = constantOf('src/outlier.h', 'SM_OUTLIER_AXES');
    /** @type {Record<string, [number[], (index: number) => number]>} */
    const tensors = {
        'outlier.mean': [[statistics], () => 0],
        'outlier.scale': [[statistics], () => 1],
        'outlier.axes': [[axes, statistics], index => (index % (statistics + 1) === 0 ? 1 : 0)],
        'outlier.variance': [[axes + 1], () => 1],
        'outlier.limit': [[1], () => limit],
    };
    const parts = [data];
    let end = data.length;
    for (const [name, [shape, value]] of Object.entries(tensors)) {
        const values = Float32Array.from({ length: shape.reduce((product, side) => product * side, 1) }, (_, index) => value(index));
        const known = header[name];
        if (known) {
            data.set(new Uint8Array(values.buffer), known.data_offsets[0]);
            continue;
        }
        header[name] = { dtype: 'F32', shape, data_offsets: [end, end + values.byteLength] };
        parts.push(new Uint8Array(values.buffer));
        end += values.byteLength;
    }
    return Buffer.from(buildSafetensors(header, Buffer.concat(parts)));
}

/**
 * The page's weights with another power of the expected Dice.
 * @param {Uint8Array} weights a safetensors file
 * @param {number} power
 * @returns {Buffer}
 */
export function withExpectedDicePower(weights, power) {
    const { header, data } = parseSafetensors(weights);
    header['__metadata__'].expected_dice_power = String(power);
    return Buffer.from(buildSafetensors(header, data));
}

/**
 * @param {number} count
 * @returns {Promise<{ name: string, buffer: Buffer }[]>} the samples in turn, each under a name of its own
 */
export async function manySamples(count) {
    const all = [await sample('benign'), await sample('malignant'), await sample('normal')];
    return Array.from({ length: count }, (_, index) => {
        const { buffer } = /** @type {{ buffer: Buffer }} */ (all[index % all.length]);
        return { name: `scan ${String(index + 1).padStart(3, '0')}.png`, buffer };
    });
}
