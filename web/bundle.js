/**
 * Joins a module and all that it imports into one, so that a page starts with one request instead of seventy. Each
 * module becomes a function that runs when it is first wanted; a dynamic import, then, runs late but is there already.
 * It knows the forms of import and export that this project uses, and refuses every other rather than guess.
 */
import path from 'node:path';

/**
 * @typedef {object} BundleOptions
 * @property {(file: string) => Promise<string>} read a module's source, by its path below the root
 * @property {(file: string) => boolean} [isExternal] whether a dynamically imported module stays a file of its own
 */

/** Comments of their own lines, and JSDoc anywhere: the types of JSDoc name modules that are never loaded. */
const COMMENTS = /^[ \t]*\/\/.*$|\/\*\*[\s\S]*?\*\//gm;
const BLANK_LINES = /\n\s*\n/g;

const IMPORT = /^import\s+(?:(\w+)\s+from\s+|\{([^}]*)\}\s+from\s+)?'([^']+)';$/gm;
const EXPORT_FROM = /^export\s+\{([^}]*)\}\s+from\s+'([^']+)';$/gm;
const EXPORT_LIST = /^export\s+\{([^}]*)\};?$/gm;
const EXPORT_DEFAULT = /^export default /gm;
const EXPORT_DECLARATION = /^export\s+((?:async\s+)?(?:function|class|const|var)\s+(\w+))/gm;
const DYNAMIC_IMPORT = /\bimport\('([^']+)'\)/g;
const UNKNOWN = /^(?:import|export)\b.*$/m;

/**
 * @param {string} list what stands between the braces of an import or export
 * @param {(name: string, other: string) => string} write how one name, and the name after "as", is written
 * @returns {string}
 */
function renamed(list, write) {
    const names = list.split(',').map(name => name.trim()).filter(Boolean);
    return names.map(name => /** @type {[string, string?]} */ (name.split(/\s+as\s+/))).map(([name, other = name]) => write(name, other)).join(', ');
}

/**
 * @param {string} entry a module's path below the root; nothing imports it, and only it may await at its top
 * @param {BundleOptions} options
 * @returns {Promise<string>} a module to be served in the entry's place
 */
export async function bundle(entry, { read, isExternal = () => false }) {
    /** @type {Map<string, string>} the body of each module's function, by its path */
    const modules = new Map();
    /** The static imports that led here, to find circles. @type {string[]} */
    const trail = [];
    /** Modules that are imported dynamically. @type {string[]} */
    const late = [];
    const here = path.posix.dirname(entry);

    /** @param {string} file */
    const nameOf = file => `module_${file.replaceAll(/\W/g, '_')}`;

    /** @param {string} file */
    const add = async file => {
        if (trail.includes(file)) throw new Error(`${[...trail, file].join(' imports ')}: a circle`);
        if (modules.has(file)) return;
        trail.push(file);
        const folder = path.posix.dirname(file);
        /** @type {string[]} */
        const wanted = [];
        /** @type {string[]} */
        const given = [];
        /** @param {string} specifier */
        const call = specifier => {
            const found = path.posix.join(folder, specifier);
            wanted.push(found);
            return `${nameOf(found)}()`;
        };
        const body = (await read(file))
            .replaceAll(COMMENTS, '')
            .replaceAll(BLANK_LINES, '\n')
            .replaceAll(IMPORT, (_, whole, list, from) => {
                const value = call(from);
                if (whole) return `const { default: ${whole} } = ${value};`;
                return list ? `const { ${renamed(list, (name, other) => (name === other ? name : `${name}: ${other}`))} } = ${value};` : `${value};`;
            })
            .replaceAll(EXPORT_FROM, (_, list, from) => {
                const value = call(from);
                given.push(renamed(list, (name, other) => `${other}: ${value}.${name}`));
                return '';
            })
            .replaceAll(EXPORT_LIST, (_, list) => {
                given.push(renamed(list, (name, other) => `${other}: ${name}`));
                return '';
            })
            .replaceAll(EXPORT_DEFAULT, () => {
                given.push('default: theDefault');
                return 'const theDefault = ';
            })
            .replaceAll(EXPORT_DECLARATION, (_, declaration, name) => {
                given.push(name);
                return declaration;
            })
            .replaceAll(DYNAMIC_IMPORT, (whole, from) => {
                if (!from.startsWith('.')) return whole;
                const found = path.posix.join(folder, from);
                if (isExternal(found)) return `import('./${path.posix.relative(here, found)}')`;
                late.push(found);
                return `Promise.resolve().then(${nameOf(found)})`;
            })
            .replaceAll('import.meta.url', `new URL('./${path.posix.relative(here, file)}', import.meta.url).href`);
        const unknown = body.match(UNKNOWN);
        if (unknown) throw new Error(`${file}: cannot join "${unknown[0]}"`);
        if (file === entry && given.length > 0) throw new Error(`${file}: nothing can import what an entry exports`);
        for (const other of wanted) await add(other);
        modules.set(file, file === entry ? body : `${body}\nreturn { ${given.join(', ')} };`);
        trail.pop();
    };
    await add(entry);
    for (let file = late.pop(); file; file = late.pop()) await add(file);
    const functions = [...modules].filter(([file]) => file !== entry).map(([file, body]) => `const ${nameOf(file)} = once(() => {${body}\n});\n`);
    return `const once = make => {
    let made;
    return () => (made ??= make());
};
${functions.join('')}${modules.get(entry)}`;
}
