/** The results as Markdown. */

/**
 * @typedef {import('../lib/results.js').Results} Results
 * @typedef {import('../lib/results.js').Spread} Spread
 */

/**
 * @param {string[]} columns
 * @param {(string | number)[][]} rows
 * @returns {string}
 */
function table(columns, rows) {
    const texts = [columns, ...rows.map(row => row.map(String))];
    const widths = columns.map((_, index) => Math.max(...texts.map(row => row[index]?.length ?? 0)));
    const line = (/** @type {string[]} */ row) => `| ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
    const [head = [], ...body] = texts;
    return [line(head), `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`, ...body.map(line)].join('\n');
}

/** @param {Spread} times */
const milliseconds = ({ median }) => median.toFixed(median < 10 ? 2 : 1);

/** @param {Spread} ratio */
export const ratioText = ({ low, median, high }) => `${median.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;

/**
 * @param {Results} results
 * @param {string} machine
 * @returns {string}
 */
export function toMarkdown(results, machine) {
    const parts = ['# sonomask bench', machine];
    if (results.comparisons.length > 0) {
        parts.push('sonomask and a peer alternately (A B A B) with the same weights; medians. The ratio is computed per pair: its median, and ' +
            'in brackets its quartiles.');
        parts.push(table(['where', 'what', 'peer', 'ours ms', 'peer ms', 'times as fast', 'target', 'met', 'pairs', 'note'],
            results.comparisons.map(({ where, what, peer, ours, theirs, ratio, target, pairs, note }) =>
                [where, what, peer, milliseconds(ours), milliseconds(theirs), ratioText(ratio), target === null ? '' : `>= ${target}`,
                    target === null ? '' : ratio.median >= target ? 'yes' : 'NO', pairs, note])));
    }
    if (results.measures.length > 0)
        parts.push(table(['what', 'value', 'target', 'met'], results.measures.map(({ what, value, unit, target }) =>
            [what, `${value.toFixed(1)} ${unit}`, target === null ? '' : `<= ${target} ${unit}`,
                target === null ? '' : value <= target ? 'yes' : 'NO'])));
    for (const { title, columns, rows } of results.tables) parts.push(`## ${title}`, table(columns, rows));
    if (results.missing.length > 0)
        parts.push('## Could not run', results.missing.map(({ what, reason }) => `- ${what}: ${reason}`).join('\n'));
    return `${parts.join('\n\n')}\n`;
}
