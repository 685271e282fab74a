/** What the measurements of the page share: images, the page with marks for the trace, and how results are written. */
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Sonomask } from '../../../wasm/sonomask.js';
import { OUTLINE } from '../../../web/view/colours.js';
import { png } from '../../node/support/images.js';
import { nextFrame } from '../support/page.js';

/** @typedef {import('../support/page.js').Page} Page */

/** Marks in the trace. */
export const RELEASED = 'released';
export const OUTLINED = 'outlined';

/**
 * @param {string} folder
 * @param {number} count
 * @param {{ width: number, height: number }} [size]
 * @param {number} [seed]
 * @returns {{ image: string, mask: string, lesion: boolean }[]} paths of synthetic images, a third of them without a lesion
 */
export function phantoms(folder, count, size = { width: 600, height: 450 }, seed = 1) {
    const program = path.join(process.env['BUILD'] ?? 'build', 'sonomask');
    const sides = ['--width', String(size.width), '--height', String(size.height)];
    execFileSync(program, ['phantom', '--out', folder, '--count', String(count), '--seed', String(seed), ...sides], { stdio: ['ignore', 'ignore', 'pipe'] });
    return Array.from({ length: count }, (_, index) => {
        const name = `phantom_${String(index + 1).padStart(4, '0')}.png`;
        return { image: path.join(folder, 'images', name), mask: path.join(folder, 'masks', name), lesion: index % 3 !== 2 };
    });
}

/**
 * @param {string} folder
 * @param {{ width: number, height: number }} size
 * @param {number} [seed]
 * @returns {Promise<string>} path of a synthetic image of any size: the command draws no larger ones than 2048 pixels
 */
export async function enlarged(folder, size, seed = 1) {
    const [{ image } = { image: '' }] = phantoms(folder, 1, { width: 600, height: Math.round((600 * size.height) / size.width) }, seed);
    const sonomask = await Sonomask.load({ weights: null });
    const small = await sonomask.decode(await readFile(image));
    sonomask.dispose();
    const data = new Uint8Array(size.width * size.height);
    for (let y = 0, index = 0; y < size.height; y++) {
        const row = Math.floor((y * small.height) / size.height) * small.width;
        for (let x = 0; x < size.width; x++, index++) data[index] = small.data[(row + Math.floor((x * small.width) / size.width)) * small.channels] ?? 0;
    }
    const file = path.join(folder, `large-${seed}.png`);
    await writeFile(file, png({ ...size, data }));
    return file;
}

/**
 * From now on the trace holds a mark when a pointer is released or files are given, and when a new outline is drawn.
 * @param {Page} page
 */
export async function markOutlines(page) {
    await page.evaluate(([released, outlined, colour]) => {
        addEventListener('pointerup', event => void performance.mark(released ?? '', { startTime: event.timeStamp }), true);
        addEventListener('change', event => void performance.mark(released ?? '', { startTime: event.timeStamp }), true);
        /** @type {WeakMap<Path2D, number>} */
        const sums = new WeakMap();
        let last = 0;
        for (const name of /** @type {const} */ (['moveTo', 'lineTo'])) {
            const original = Path2D.prototype[name];
            Path2D.prototype[name] = function (/** @type {number} */ x, /** @type {number} */ y) {
                sums.set(this, (sums.get(this) ?? 0) * 1.000001 + x + 3 * y);
                original.call(this, x, y);
            };
        }
        const stroke = CanvasRenderingContext2D.prototype.stroke;
        CanvasRenderingContext2D.prototype.stroke = function (/** @type {any[]} */ ...given) {
            const sum = sums.get(given[0]);
            // The outlines of the answer have this colour and no dashes.
            if (sum !== undefined && this.strokeStyle === colour && this.getLineDash().length === 0 && sum !== last) {
                last = sum;
                performance.mark(outlined ?? '');
            }
            Reflect.apply(stroke, this, given);
        };
    }, [RELEASED, OUTLINED, OUTLINE]);
}

/**
 * Where a pixel of the image is on the screen, while the whole image is in view.
 * @param {Page} page
 * @param {{ width: number, height: number }} image
 * @param {{ x: number, y: number }} at
 */
export async function onScreen(page, { width, height }, { x, y }) {
    const box = await page.locator('#canvas').boundingBox();
    if (!box) throw new Error('the image is not in view');
    const scale = Math.min(box.width / width, box.height / height) * 0.98; // as Transform.fitScale
    return { x: box.x + (box.width - width * scale) / 2 + (x + 0.5) * scale, y: box.y + (box.height - height * scale) / 2 + (y + 0.5) * scale };
}

/**
 * Runs something while the times between frames are taken down.
 * @param {Page} page
 * @param {() => Promise<void>} work
 * @returns {Promise<number[]>} milliseconds
 */
export async function frameTimes(page, work) {
    await page.evaluate(() => {
        /** @type {number[]} */
        const times = [];
        Reflect.set(window, 'frameTimes', times);
        let before = performance.now();
        const next = () => {
            const now = performance.now();
            times.push(now - before);
            before = now;
            if (Reflect.get(window, 'frameTimes') === times) requestAnimationFrame(next);
        };
        requestAnimationFrame(next);
    });
    await work();
    await nextFrame(page);
    return page.evaluate(() => {
        const times = Reflect.get(window, 'frameTimes');
        Reflect.set(window, 'frameTimes', null);
        return times.slice(1);
    });
}

/**
 * @param {number[]} values
 * @param {number} share 0..1
 */
export function quantile(values, share) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/**
 * @param {string} what
 * @param {string} value
 * @param {string} target
 * @param {boolean} met
 */
export function report(what, value, target, met) {
    process.stdout.write(`${met ? 'met    ' : 'NOT MET'}  ${what}: ${value} (target ${target})\n`);
}
