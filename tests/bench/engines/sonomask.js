/** sonomask: the network alone, loaded as the package loads it. Runs in Node and in browsers. */
import { Core } from '../../../wasm/core.js';
import { browser } from '../../../wasm/platform-browser.js';
import { isNode, node } from '../../../wasm/platform-node.js';
import { loadModule } from '../../../wasm/resources.js';

/**
 * @param {(name: string) => Promise<Uint8Array>} read a file of the models' folder
 * @param {{ network: string, size?: number }} options
 * @returns {Promise<import('../lib/pairs.js').Engine & { memoryBytes: () => number }>}
 */
export async function create(read, { network, size = 0 }) {
    const platform = isNode() ? node : browser;
    const core = new Core(await loadModule(platform.wasm(), platform));
    core.load(await read(`${network}.safetensors`), 'auto', size);
    return { run: image => core.runNetwork(image), memoryBytes: () => core.memoryBytes };
}
