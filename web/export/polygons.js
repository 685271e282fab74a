/** Assigns outlines to lesions. */

/**
 * @typedef {import('../../wasm/sonomask.js').Contour} Contour
 * @typedef {import('../../wasm/sonomask.js').Lesion} Lesion
 */

/**
 * @param {Contour} contour
 * @returns {{ left: number, top: number, right: number, bottom: number }}
 */
function boundsOf({ points }) {
    const bounds = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    for (let index = 0; index < points.length; index += 2) {
        const x = /** @type {number} */ (points[index]);
        const y = /** @type {number} */ (points[index + 1]);
        bounds.left = Math.min(bounds.left, x);
        bounds.right = Math.max(bounds.right, x);
        bounds.top = Math.min(bounds.top, y);
        bounds.bottom = Math.max(bounds.bottom, y);
    }
    return bounds;
}

/**
 * An 8-connected lesion whose parts touch only at corners has several outer outlines. Each goes to the smallest lesion
 * whose box holds it.
 * @param {Contour[]} contours
 * @param {Lesion[]} lesions
 * @returns {number[][][]} for each lesion its outer outlines, x, y, x, y ...
 */
export function pathsByLesion(contours, lesions) {
    /** @type {number[][][]} */
    const paths = lesions.map(() => []);
    for (const contour of contours) {
        if (contour.isHole) continue;
        const bounds = boundsOf(contour);
        let best = -1;
        lesions.forEach(({ bbox }, index) => {
            const holds =
                bounds.left >= bbox.x && bounds.top >= bbox.y &&
                bounds.right <= bbox.x + bbox.width && bounds.bottom <= bbox.y + bbox.height;
            const smaller = best < 0 || bbox.width * bbox.height < boxArea(lesions[best]);
            if (holds && smaller) best = index;
        });
        paths[best]?.push(Array.from(contour.points));
    }
    return paths;
}

/** @param {Lesion | undefined} lesion */
function boxArea(lesion) {
    return lesion ? lesion.bbox.width * lesion.bbox.height : Infinity;
}
