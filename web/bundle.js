/**
 * Joins a module, or a style sheet, and everything that it imports into one file, so that the page starts with a few requests
 * instead of seventy. A dynamically imported module is in the same file, but runs only when it is imported.
 */
import path from 'node:path';
import { build, transform } from 'esbuild';

/**
 * @typedef {object} BundleOptions
 * @property {(file: string) => Promise<string>} read a module's source, by its path below the root
 * @property {(file: string) => boolean} [isExternal] whether a module stays a file of its own
 */

/** The namespace of esbuild for modules that come from `read`. */
const NAMESPACE = 'page';

/**
 * `import.meta.url` of the joined file is not the address of the module, so each module gets its own. It is computed at
 * each use: a worker from a data URL has no relative addresses, and does not use them.
 * @param {string} source
 * @param {string} address the module's, relative to the joined file
 * @returns {Promise<string>}
 */
async function withOwnAddress(source, address) {
    if (!source.includes('import.meta')) return source;
    const { code } = await transform(source, {
        define: { 'import.meta': 'moduleMeta' },
        sourcefile: address,
        charset: 'utf8',
        target: 'esnext',
        logLevel: 'silent',
    });
    return `const moduleMeta = { get url() { return new URL(${JSON.stringify(address)}, import.meta.url).href; } };\n${code}`;
}

/**
 * @param {string} folder of the entry
 * @param {BundleOptions} options
 * @returns {import('esbuild').Plugin}
 */
function pageModules(folder, { read, isExternal = () => false }) {
    /** @param {string} file */
    const addressOf = file => `./${path.posix.relative(folder, file)}`;
    return {
        name: NAMESPACE,
        setup({ onLoad, onResolve }) {
            onResolve({ filter: /.*/ }, ({ path: specifier, importer, kind }) => {
                // esbuild puts ./ before an entry that it finds in the working folder.
                if (kind === 'entry-point') return { path: path.posix.normalize(specifier), namespace: NAMESPACE };
                if (specifier.startsWith('node:')) return { external: true };
                if (!specifier.startsWith('.')) return { errors: [{ text: `"${specifier}" is not a module of the page` }] };
                const file = path.posix.join(path.posix.dirname(importer), specifier);
                return isExternal(file) ? { path: addressOf(file), external: true } : { path: file, namespace: NAMESPACE };
            });
            onLoad({ filter: /.*/, namespace: NAMESPACE }, async ({ path: file }) => {
                try {
                    if (file.endsWith('.css')) return { contents: await read(file), loader: 'css' };
                    return { contents: await withOwnAddress(await read(file), addressOf(file)), loader: 'js' };
                } catch (error) {
                    return { errors: [{ text: messageOf(error) }] };
                }
            });
        },
    };
}

/**
 * @param {unknown} error of esbuild
 * @returns {string} its first message, with the module and the line where there are such
 */
function messageOf(error) {
    const [first] = /** @type {import('esbuild').BuildFailure} */ (error).errors ?? [];
    if (!first) return error instanceof Error ? error.message : String(error);
    const { location, text } = first;
    return location ? `${location.file.replace(`${NAMESPACE}:`, '')}:${location.line}: ${text}` : text;
}

/**
 * @param {string} entry path below the root of a module or a style sheet
 * @param {BundleOptions} options
 * @returns {Promise<{ code: string, imports: Map<string, string[]> }>} what to serve instead of the entry, and the
 *     modules in it, each with the modules that it imports
 * @throws {Error} with one line that names the module when one is missing or is not valid
 */
export async function bundle(entry, options) {
    let result;
    try {
        result = await build({
            entryPoints: [entry],
            bundle: true,
            write: false,
            format: 'esm',
            // The engines that run WebAssembly SIMD run this syntax as it is.
            target: 'esnext',
            // A third of the bytes to parse before the page starts.
            minify: true,
            // Otherwise every Arabic letter becomes an escape of six bytes.
            charset: 'utf8',
            metafile: true,
            logOverride: { 'import-is-undefined': 'error' },
            logLevel: 'silent',
            plugins: [pageModules(path.posix.dirname(entry), options)],
        });
    } catch (error) {
        throw new Error(messageOf(error), { cause: error });
    }
    const nameOf = (/** @type {string} */ file) => file.replace(`${NAMESPACE}:`, '');
    const inputs = Object.entries(result.metafile.inputs);
    return {
        code: result.outputFiles[0]?.text ?? '',
        imports: new Map(inputs.map(([file, { imports }]) => [nameOf(file), imports.filter(({ external }) => !external).map(other => nameOf(other.path))])),
    };
}
