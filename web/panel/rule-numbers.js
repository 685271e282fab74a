/** Which numbers gave the words of an outline. The rules and their limits are those of src/descriptors.c. */

/** @typedef {import('../../wasm/sonomask.js').Descriptors} Descriptors */

/** Above this roughness a shape is irregular. */
export const IRREGULAR = 0.056;
/** From this share of the edge without contrast on, a margin is indistinct. */
export const INDISTINCT_SHARE = 0.25;

/** @typedef {'roughness' | 'axisRatio' | 'heightRatio' | 'sharpness' | 'weakEdge' | 'corners' | 'lobes' | 'spicules' | 'echoRatio' | 'echoSpread' | 'posteriorRatio' | 'haloRatio'} RuleNumber */
/** A number and its name. @typedef {[name: RuleNumber, value: number]} Behind */

/** The counts that are behind the signs of a margin. @type {Record<string, 'spicules' | 'lobes' | 'corners'>} */
const COUNTS = { spiculated: 'spicules', microlobulated: 'lobes', angular: 'corners' };

/**
 * @param {Descriptors} descriptors
 * @returns {Behind[]} of the rule that made the shape irregular; else the ratio of the axes, which decides between oval and round
 */
function behindShape(descriptors) {
    const { shape, roughness, axisRatio, marginSigns } = descriptors;
    if (shape !== 'irregular') return [['axisRatio', axisRatio]];
    // In full precision like the rule, so that the limit itself is on the same side.
    if (roughness > IRREGULAR) return [['roughness', roughness]];
    return marginSigns.flatMap(sign => {
        const count = COUNTS[sign];
        return count ? [/** @type {Behind} */ ([count, descriptors[count]])] : [];
    });
}

/**
 * @param {Descriptors} descriptors
 * @param {string} sign of the margin
 * @returns {Behind}
 */
export function behindSign(descriptors, sign) {
    const count = COUNTS[sign];
    if (count) return [count, descriptors[count]];
    return sign === 'indistinct' && descriptors.weakEdge >= INDISTINCT_SHARE ? ['weakEdge', descriptors.weakEdge] : ['sharpness', sharpnessOf(descriptors)];
}

/** The contrast of the edge less half its roughness. @param {Descriptors} descriptors */
function sharpnessOf({ edgeContrast, roughness }) {
    return edgeContrast - roughness / 2;
}

/**
 * @param {Descriptors} descriptors
 * @returns {Record<'shape' | 'orientation' | 'margin' | 'echo' | 'posterior' | 'halo', Behind[]>} none where it is not known, and
 *     of "complex cystic and solid" and "combined pattern", which have no single number; of a margin with signs none, see `behindSign`
 */
export function numbersBehind(descriptors) {
    const { marginSigns, heightRatio, echo, echoRatio, echoSpread, posterior, posteriorRatio, haloRatio } = descriptors;
    const known = (/** @type {RuleNumber} */ name, /** @type {number | null} */ value) => (value === null ? [] : [/** @type {Behind} */ ([name, value])]);
    // The rules of two words compare two numbers each that descriptors do not have: quartiles inside, strips below. Other numbers
    // beside them would mislead.
    const isPlain = echo !== 'complex cystic and solid';
    const isUniform = posterior !== 'combined pattern';
    return {
        shape: behindShape(descriptors),
        orientation: [['heightRatio', heightRatio]],
        margin: marginSigns.length > 0 ? [] : [['sharpness', sharpnessOf(descriptors)]],
        echo: echo === 'heterogeneous' ? known('echoSpread', echoSpread) : isPlain ? known('echoRatio', echoRatio) : [],
        posterior: isUniform ? known('posteriorRatio', posteriorRatio) : [],
        halo: known('haloRatio', haloRatio),
    };
}
