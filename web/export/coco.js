/** The batch as COCO: polygons of every lesion; a lesion with holes as run lengths, as polygons in COCO have none. */
import { componentAt, pixelOf } from '../edit/fill.js';
import { answersOf } from '../state/item.js';
import { decodeRuns } from '../state/masks.js';
import { framesOf } from './loops.js';
import { pathsByLesion } from './polygons.js';
import { classOf, judgementOf } from './provenance.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Sonomask} Sonomask
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('./names.js').ExportName} ExportName
 * @typedef {import('./provenance.js').Provenance} Provenance
 */

const CATEGORIES = ['normal', 'benign', 'malignant', 'lesion'];

/**
 * @param {Uint8Array} mask of one lesion, 0 or not 0
 * @param {number} width
 * @param {number} height
 * @returns {{ counts: number[], size: [number, number] }} run lengths down the columns, beginning with those of 0
 */
function columnRuns(mask, width, height) {
    const counts = [];
    let run = 0;
    let value = false;
    for (let x = 0; x < width; x++) {
        for (let y = 0; y < height; y++) {
            if ((mask[y * width + x] !== 0) !== value) {
                counts.push(run);
                run = 0;
                value = !value;
            }
            run++;
        }
    }
    counts.push(run);
    return { counts, size: [height, width] };
}

/**
 * @param {Map<Item, ExportName>} names
 * @param {Sonomask} measurer
 * @param {Provenance} provenance
 * @returns {object} COCO object detection format
 */
export function toCoco(names, measurer, provenance) {
    /** @type {object[]} */
    const images = [];
    /** @type {object[]} */
    const annotations = [];
    const answers = [...names].flatMap(([item, name]) => answersOf(item).map(answer => ({ item, name, ...answer })));
    for (const { item, name, frame, result } of answers) {
        const { width, height } = result;
        const image = images.length + 1;
        images.push({
            id: image, file_name: name.image, ...(item.frameCount > 1 ? { frame: frame + 1 } : {}), width, height,
            sonomask: {
                network_type: result.type,
                regions: result.regions.map(region => ({ bbox: [region.x, region.y, region.width, region.height], network_type: region.type, looks_like_ultrasound: region.looksLikeUltrasound })),
                regions_from: result.regionsFrom,
                ...judgementOf(item, result),
                ...framesOf(item),
            },
        });
        const mask = decodeRuns(result.runs, width * height);
        const outlines = measurer.contours(mask, width, height);
        const paths = pathsByLesion(outlines, result.lesions);
        result.lesions.forEach((lesion, index) => {
            const { x, y, width: boxWidth, height: boxHeight } = lesion.bbox;
            const holed = outlines.some(({ isHole, points }) => isHole && isInside(points, lesion.bbox));
            const start = holed ? pixelOf(mask, width, lesion) : -1;
            annotations.push({
                id: annotations.length + 1,
                image_id: image,
                category_id: CATEGORIES.indexOf(classOf(item, result, lesion)) + 1,
                segmentation: start >= 0 ? columnRuns(componentAt(mask, width, height, start), width, height) : paths[index],
                area: lesion.area,
                bbox: [x, y, boxWidth, boxHeight],
                iscrowd: 0,
                score: Number(lesion.meanProbability.toFixed(4)),
            });
        });
    }
    return {
        info: { description: `${provenance.software}: outlines of breast lesions. ${provenance.notice}`, date_created: provenance.date, contributor: provenance.reader, sonomask: provenance },
        licenses: [],
        images,
        annotations,
        categories: CATEGORIES.map((name, index) => ({ id: index + 1, name, supercategory: 'breast ultrasound' })),
    };
}

/**
 * @param {Float32Array} points
 * @param {{ x: number, y: number, width: number, height: number }} box
 * @returns {boolean} whether the outline begins in the box
 */
function isInside(points, box) {
    const [x = 0, y = 0] = points;
    return x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
}
