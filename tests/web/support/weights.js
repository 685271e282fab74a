/** Weights with changed settings of the decision. */
import { buildSafetensors, parseSafetensors } from '../../node/support/safetensors.js';

/**
 * @param {Buffer} file weights
 * @param {number} logit of the presence of every image and outline
 * @returns {Buffer} the same, with this presence, and operating points that no outline reaches
 */
export function withoutLesions(file, logit) {
    const { header, data } = parseSafetensors(file);
    data.set(new Uint8Array(new Float32Array([0, 0, logit]).buffer), header['decision.presence'].data_offsets[0]);
    const [start, end] = header['decision.operating_points'].data_offsets;
    const values = new Float32Array(data.slice(start, end).buffer);
    for (const presence of [1, 4, 7]) values[presence] = 1;
    data.set(new Uint8Array(values.buffer), start);
    return Buffer.from(buildSafetensors(header, data));
}
