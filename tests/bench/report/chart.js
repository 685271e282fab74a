/** The ratios as an SVG chart: one bar per comparison, whiskers at the quartiles, a mark at the target. */
import { ratioText } from './text.js';

const WIDTH = 900;
const LABELS = 430;
const ROW = 30;
const TOP = 60;
const MARGIN = 150;

/** @param {string} text */
const escape = text => text.replace(/[&<>"]/g, letter => `&#${letter.charCodeAt(0)};`);

/**
 * @param {import('../lib/results.js').Comparison[]} comparisons
 * @returns {string} SVG
 */
export function toSvg(comparisons) {
    // Whiskers are cut at the end of the axis; the numbers beside them are complete.
    const highest = Math.ceil(1.2 * Math.max(2, ...comparisons.map(({ ratio, target }) => Math.max(ratio.median, target ?? 0))));
    const step = Math.ceil(highest / 10);
    const height = TOP + ROW * comparisons.length + 30;
    const x = (/** @type {number} */ value) => LABELS + (Math.min(value, highest) / highest) * (WIDTH - LABELS - MARGIN);
    const parts = [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
        `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
        '<text x="16" y="26" font-size="17">How many times as fast as each engine sonomask is</text>',
        '<text x="16" y="44" fill="#555">same weights, measured alternately; whiskers: quartiles of the pairs; red mark: target</text>',
    ];
    for (let value = 0; value <= highest; value += step)
        parts.push(`<line x1="${x(value)}" x2="${x(value)}" y1="${TOP - 6}" y2="${height - 26}" stroke="${value === 1 ? '#777' : '#ddd'}"/>`,
            `<text x="${x(value)}" y="${height - 10}" text-anchor="middle" fill="#555">${value}</text>`);
    comparisons.forEach(({ where, what, peer, ratio, target }, index) => {
        const top = TOP + ROW * index;
        const middle = top + 11;
        parts.push(
            `<text x="16" y="${top + 9}">${escape(`${where}: ${peer}`)}</text>`,
            `<text x="16" y="${top + 21}" font-size="10" fill="#666">${escape(what)}</text>`,
            `<rect x="${x(0)}" y="${top + 2}" width="${x(ratio.median) - x(0)}" height="18" fill="#3a7ca5"/>`,
            `<path d="M${x(ratio.low)} ${middle}H${x(ratio.high)}M${x(ratio.low)} ${middle - 4}v8M${x(ratio.high)} ${middle - 4}v8" stroke="#123" fill="none"/>`);
        if (target !== null)
            parts.push(`<line x1="${x(target)}" x2="${x(target)}" y1="${top - 1}" y2="${top + 23}" stroke="#c0392b" stroke-width="2"/>`);
        parts.push(`<text x="${x(Math.max(ratio.high, target ?? 0)) + 8}" y="${top + 15}">${escape(ratioText(ratio))}</text>`);
    });
    return `${parts.join('\n')}\n</svg>\n`;
}
