/** Runs two engines alternately, A B A B, so that other load affects both alike. Runs in Node and in browsers. */

/**
 * @typedef {{ mask: Float32Array, type: Float32Array }} Answer
 * @typedef {{ run: (image: Float32Array) => Answer | Promise<Answer>, close?: () => void }} Engine
 * @typedef {{ seconds: number, minimum: number, maximum: number }} Effort
 * @typedef {{ low: number, median: number, high: number }} Spread quartiles
 * @typedef {{ ours: number[], peer: number[], difference: { mask: number, type: number } }} Pairs milliseconds
 */

const WARM_UPS = 3;

/**
 * @param {ArrayLike<number>} one
 * @param {ArrayLike<number>} other
 * @returns {number} the largest difference
 */
export function difference(one, other) {
    if (one.length !== other.length) return Infinity;
    let worst = 0;
    for (let index = 0; index < one.length; index++) {
        const distance = Math.abs((one[index] ?? NaN) - (other[index] ?? NaN));
        if (!(distance <= worst)) worst = distance;
    }
    return worst;
}

/**
 * @param {Engine} engine
 * @param {Float32Array} image
 * @returns {Promise<number>} milliseconds
 */
async function timed(engine, image) {
    const start = performance.now();
    await engine.run(image);
    return performance.now() - start;
}

/**
 * @param {Engine} ours
 * @param {Engine} peer
 * @param {Float32Array} image
 * @param {Effort} effort
 * @returns {Promise<Pairs>}
 */
export async function runPairs(ours, peer, image, { seconds, minimum, maximum }) {
    const one = await ours.run(image);
    const other = await peer.run(image);
    const found = { mask: difference(one.mask, other.mask), type: difference(one.type, other.type) };
    for (let round = 0; round < WARM_UPS; round++) {
        await ours.run(image);
        await peer.run(image);
    }
    /** @type {Pairs} */
    const pairs = { ours: [], peer: [], difference: found };
    const end = performance.now() + 1000 * seconds;
    while (pairs.ours.length < minimum || (pairs.ours.length < maximum && performance.now() < end)) {
        pairs.ours.push(await timed(ours, image));
        pairs.peer.push(await timed(peer, image));
    }
    return pairs;
}

/**
 * @param {number[]} values
 * @param {number} share 0..1
 * @returns {number} interpolated between the two nearest
 */
function quantile(values, share) {
    const sorted = values.toSorted((a, b) => a - b);
    const position = share * (sorted.length - 1);
    const low = Math.floor(position);
    const [a = NaN, b = a] = sorted.slice(low, low + 2);
    return a + (position - low) * (b - a);
}

/**
 * @param {number[]} values
 * @returns {Spread}
 */
export function spread(values) {
    return { low: quantile(values, 0.25), median: quantile(values, 0.5), high: quantile(values, 0.75) };
}

/**
 * @param {number[]} values
 * @param {number[]} divisors
 * @returns {Spread} of the ratios pair by pair
 */
export function ratios(values, divisors) {
    return spread(values.map((value, index) => value / (divisors[index] ?? NaN)));
}
