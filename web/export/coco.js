/** The batch as COCO: polygons of every lesion, one category per tissue class. */
import { answersOf } from '../state/item.js';
import { decodeRuns } from '../state/masks.js';
import { pathsByLesion } from './polygons.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Sonomask} Sonomask
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('./names.js').ExportName} ExportName
 */

const CATEGORIES = ['normal', 'benign', 'malignant'];

/**
 * @param {Map<Item, ExportName>} names
 * @param {Sonomask} measurer
 * @returns {object} COCO object detection format; holes are left out, as polygons in COCO have none
 */
export function toCoco(names, measurer) {
    /** @type {object[]} */
    const images = [];
    /** @type {object[]} */
    const annotations = [];
    const answers = [...names].flatMap(([item, name]) => answersOf(item).map(answer => ({ item, name, ...answer })));
    for (const { item, name, frame, result } of answers) {
        const { width, height } = result;
        const image = images.length + 1;
        images.push({ id: image, file_name: name.file, ...(item.frameCount > 1 ? { frame: frame + 1 } : {}), width, height });
        const mask = decodeRuns(result.runs, width * height);
        const outlines = measurer.contours(mask, width, height);
        result.lesions.forEach((lesion, index) => {
            const { x, y, width: boxWidth, height: boxHeight } = lesion.bbox;
            annotations.push({
                id: annotations.length + 1,
                image_id: image,
                category_id: CATEGORIES.indexOf(result.type) + 1,
                segmentation: pathsByLesion(outlines, result.lesions)[index],
                area: lesion.area,
                bbox: [x, y, boxWidth, boxHeight],
                iscrowd: 0,
                score: Number(lesion.meanProbability.toFixed(4)),
            });
        });
    }
    return {
        info: { description: 'sonomask (research software, not a medical device)' },
        images,
        annotations,
        categories: CATEGORIES.map((name, index) => ({ id: index + 1, name, supercategory: 'breast ultrasound' })),
    };
}
