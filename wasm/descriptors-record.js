/** The description of an outline as the commands and the page write it in JSON. */

/**
 * @template [Count=number]
 * @param {import('./sonomask.js').Descriptors} descriptors
 * @param {number | null} millimetres side of a pixel; null: unknown
 * @param {(value: number) => number} number what to write for a measured number
 * @param {(value: number) => Count} count what to write for a number of places
 */
export function descriptorsRecord({ shape, orientation, margin, marginSigns, echo, posterior, halo, ...numbers }, millimetres, number, count) {
    const { width, height, depth } = numbers;
    const known = (/** @type {number | null} */ value) => (value === null ? null : number(value));
    return {
        shape,
        orientation,
        margin,
        margin_signs: marginSigns,
        echo,
        posterior,
        halo,
        width_px: number(width),
        height_px: number(height),
        height_ratio: number(numbers.heightRatio),
        depth_px: number(depth),
        axis_ratio: number(numbers.axisRatio),
        roughness: number(numbers.roughness),
        edge_contrast: number(numbers.edgeContrast),
        weak_edge: number(numbers.weakEdge),
        corners: count(numbers.corners),
        lobes: count(numbers.lobes),
        spicules: count(numbers.spicules),
        echo_ratio: known(numbers.echoRatio),
        echo_spread: known(numbers.echoSpread),
        posterior_ratio: known(numbers.posteriorRatio),
        halo_ratio: known(numbers.haloRatio),
        ...(millimetres !== null && {
            width_mm: number(width * millimetres),
            height_mm: number(height * millimetres),
            depth_mm: number(depth * millimetres),
        }),
    };
}
