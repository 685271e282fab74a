/** Clicks that a person needs until a wrong or missing outline is right. */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Sonomask } from '../../../wasm/sonomask.js';
import { answered, nextFrame, saved, settled } from '../support/page.js';
import { onScreen, phantoms, report } from './pages.js';

const ENOUGH = 0.85; // Dice
const WRONG = 20;
const PORTION = 300; // phantoms drawn at once
const MOST_PORTIONS = 8;
const MOST = 8; // clicks
const PATIENCE = 120_000; // milliseconds, beside other work

/** @typedef {{ data: Uint8Array | Uint8ClampedArray, width: number, height: number }} Mask */

/**
 * @param {Mask} mask
 * @param {Mask} truth
 */
function dice(mask, truth) {
    let [shared, sum] = [0, 0];
    for (let index = 0; index < truth.data.length; index++) {
        const [a, b] = [Number((mask.data[index] ?? 0) > 127), Number((truth.data[index] ?? 0) > 127)];
        shared += a * b;
        sum += a + b;
    }
    return sum > 0 ? (2 * shared) / sum : 1;
}

/**
 * The click of a careful person: in the middle of the largest part that is wrong, which is the pixel farthest from its edge.
 * @param {Mask} mask
 * @param {Mask} truth
 * @returns {{ x: number, y: number, inside: boolean }}
 */
function nextClick(mask, truth) {
    const { width, height } = truth;
    const kinds = truth.data.map((value, index) => {
        const wanted = value > 127;
        return wanted === (mask.data[index] ?? 0) > 127 ? 0 : wanted ? 1 : 2;
    });
    // Peels the parts pixel by pixel: the largest part is the one with most pixels, and its middle goes last.
    let best = { size: 0, at: 0, kind: 0 };
    const seen = new Uint8Array(kinds.length);
    for (let start = 0; start < kinds.length; start++) {
        const kind = kinds[start] ?? 0;
        if (!kind || seen[start]) continue;
        const part = [start];
        seen[start] = 1;
        for (let next = 0; next < part.length; next++)
            for (const beside of besides(part[next] ?? 0, width, height))
                if (kinds[beside] === kind && !seen[beside]) {
                    seen[beside] = 1;
                    part.push(beside);
                }
        if (part.length > best.size) best = { size: part.length, at: middleOf(part, width, height), kind };
    }
    return { x: best.at % width, y: Math.floor(best.at / width), inside: best.kind === 1 };
}

/**
 * @param {number} index
 * @param {number} width
 * @param {number} height
 */
function besides(index, width, height) {
    const x = index % width;
    return [x > 0 ? index - 1 : -1, x < width - 1 ? index + 1 : -1, index - width, index < width * (height - 1) ? index + width : -1].filter(at => at >= 0);
}

/**
 * @param {number[]} part
 * @param {number} width
 * @param {number} height
 */
function middleOf(part, width, height) {
    let left = new Set(part);
    let at = part[0] ?? 0;
    while (left.size > 0) {
        [at = at] = left;
        const inner = [...left].filter(index => {
            const around = besides(index, width, height);
            return around.length === 4 && around.every(beside => left.has(beside));
        });
        left = new Set(inner);
    }
    return at;
}

/**
 * The first phantoms with a lesion whose outline in the native command, which answers as the page does, is wrong or missing.
 * @param {string} folder
 * @param {Sonomask} sonomask decodes
 * @returns {Promise<{ wrong: { image: string, truth: Mask, dice: number }[], judged: number }>}
 */
async function wrongPhantoms(folder, sonomask) {
    const wrong = [];
    let judged = 0;
    for (let seed = 1; seed <= MOST_PORTIONS && wrong.length < WRONG; seed++) {
        const portion = path.join(folder, String(seed));
        const drawn = phantoms(portion, PORTION, undefined, seed).filter(({ lesion }) => lesion);
        const answers = path.join(portion, 'answers');
        const program = path.join(process.env['BUILD'] ?? 'build', 'sonomask');
        execFileSync(program, ['predict', '--out', answers, ...drawn.map(({ image }) => image)], { stdio: ['ignore', 'ignore', 'pipe'] });
        for (const { image, mask } of drawn) {
            const truth = await sonomask.decode(await readFile(mask));
            const answer = await sonomask.decode(await readFile(path.join(answers, `${path.basename(image, '.png')}_mask.png`)));
            const reached = dice(answer, truth);
            judged++;
            if (reached < ENOUGH) wrong.push({ image, truth, dice: reached });
            if (wrong.length === WRONG) break;
        }
    }
    return { wrong, judged };
}

/** @type {import('./desk.js').Section} */
export async function clicksNeeded(site, folder) {
    const sonomask = await Sonomask.load({ weights: null });
    const { wrong, judged } = await wrongPhantoms(folder, sonomask);
    const page = await site.open();
    page.context().setDefaultTimeout(PATIENCE);
    await page.locator('#pick-files').setInputFiles(wrong.map(({ image }) => image));
    await settled(page, wrong.length);
    await page.keyboard.press('i');
    const needed = [];
    for (const [row, { truth }] of wrong.entries()) {
        await page.locator('.row-main').nth(row).click();
        await answered(page);
        let clicks = 0;
        for (;;) {
            const mask = await sonomask.decode((await saved(page, 'Mask PNG')).bytes);
            if (clicks === MOST || dice(mask, truth) >= ENOUGH) break;
            const { inside, ...pixel } = nextClick(mask, truth);
            const { x, y } = await onScreen(page, truth, pixel);
            await page.mouse.click(x, y, { button: inside ? 'left' : 'right' });
            await nextFrame(page);
            clicks++;
        }
        needed.push(clicks);
    }
    sonomask.dispose();
    const mean = needed.reduce((sum, clicks) => sum + clicks, 0) / needed.length;
    const before = wrong.map(each => each.dice.toFixed(2)).join(' ');
    report(`clicks for Dice >= ${ENOUGH} on the first ${wrong.length} of ${judged} phantoms with a lesion whose outline is wrong or missing (Dice before: ${before})`, `mean ${mean.toFixed(2)}, per image ${needed.join(' ')} (${MOST}: given up)`, 'mean <= 2, 20 images', mean <= 2 && wrong.length === WRONG);
    await page.context().close();
}
