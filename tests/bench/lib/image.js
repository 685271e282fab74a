/**
 * A synthetic image: smooth grey noise with a dark blob. Runs in Node and in browsers.
 * @param {number} size side, pixels
 * @param {number} [seed]
 * @returns {Float32Array} [size][size], -1..1
 */
export function makeImage(size, seed = 1) {
    let state = seed >>> 0;
    const random = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 32;
    };
    const [centreX, centreY, radius] = [0.3 + 0.4 * random(), 0.3 + 0.4 * random(), 0.1 + 0.15 * random()];
    return Float32Array.from({ length: size * size }, (_, index) => {
        const distance = Math.hypot((index % size) / size - centreX, Math.floor(index / size) / size - centreY);
        const inside = 1 / (1 + Math.exp((distance - radius) * 60));
        return Math.max(-1, Math.min(1, -0.1 - 0.7 * inside + 0.9 * (random() - 0.5)));
    });
}
