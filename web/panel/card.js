/** Converts the Markdown of the model card to elements: headings, paragraphs, lists and tables. */
import { element } from '../ui/dom.js';

/**
 * @param {string} text
 * @returns {(Node | string)[]} bold and code as elements; a link becomes its text, because the page has no links to other hosts
 */
function inline(text) {
    return text
        .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
        .split(/(\*\*[^*]+\*\*|`[^`]+`)/)
        .filter(part => part !== '')
        .map(part => {
            if (part.startsWith('**')) return element('strong', {}, part.slice(2, -2));
            return part.startsWith('`') ? element('code', {}, part.slice(1, -1)) : part;
        });
}

/** @param {string} line */
function cellsOf(line) {
    return line
        .replace(/^\||\|$/g, '')
        .split('|')
        .map(cell => cell.trim());
}

/** @param {string[]} lines the second one divides head and body */
function table([head = '', , ...body]) {
    const titles = cellsOf(head);
    const rows = body.map(line => {
        const [name = '', ...values] = cellsOf(line);
        return element('tr', {}, element('th', { scope: 'row' }, ...inline(name)), ...values.map(value => element('td', {}, ...inline(value))));
    });
    const hasHead = titles.some(title => title !== '');
    const columns = titles.map((title, index) => (index === 0 ? element('td') : element('th', { scope: 'col' }, ...inline(title))));
    return element('table', {}, hasHead ? element('thead', {}, element('tr', {}, ...columns)) : null, element('tbody', {}, ...rows));
}

/**
 * @param {string[]} lines
 * @param {RegExp} mark of an item's beginning; other lines go on with the item before
 */
function itemsOf(lines, mark) {
    /** @type {string[]} */
    const items = [];
    for (const line of lines) {
        if (mark.test(line)) items.push(line.replace(mark, ''));
        else items.push(`${items.pop() ?? ''} ${line.trim()}`);
    }
    return items.map(text => element('li', {}, ...inline(text)));
}

/**
 * @param {string} block lines without an empty one between them
 * @returns {Node}
 */
function blockOf(block) {
    const lines = block.split('\n');
    const [first = ''] = lines;
    const heading = first.match(/^#+ (.*)/);
    if (heading) return element('h4', {}, ...inline(heading[1] ?? ''));
    if (first.startsWith('|')) return table(lines);
    if (/^- /.test(first)) return element('ul', {}, ...itemsOf(lines, /^- /));
    if (/^\d+\. /.test(first)) return element('ol', {}, ...itemsOf(lines, /^\d+\. /));
    return element('p', {}, ...inline(lines.join(' ')));
}

/**
 * @param {string} markdown
 * @returns {Node[]}
 */
export function cardElements(markdown) {
    const blocks = markdown.replaceAll('\r', '').replaceAll(/^(#+ .*)$/gm, '\n$1\n').split(/\n{2,}/);
    return blocks.map(block => block.trim()).filter(block => block !== '').map(blockOf);
}
