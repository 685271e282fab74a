/** Real web servers with the configurations of the release, each on a free port of this machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const APACHE_MODULES = '/usr/lib/apache2/modules';
const START_MILLISECONDS = 20000;

/**
 * @typedef {object} Place
 * @property {string} site the folder of the release
 * @property {string} folder for the server's own files
 * @property {number} port
 */

/**
 * @param {Place} place
 * @param {string} name of a file of the release
 * @param {[string | RegExp, string][]} changes what an administrator would edit: each must be found
 */
async function configured({ site, folder }, name, changes) {
    let text = await readFile(path.join(site, name), 'utf8');
    for (const [from, to] of changes) {
        const changed = text.replace(from, to);
        if (changed === text) throw new Error(`${name}: ${from} is not there`);
        text = changed;
    }
    const file = path.join(folder, name);
    await writeFile(file, text);
    return file;
}

/** @param {Place} place */
async function nginx(place) {
    const { site, folder, port } = place;
    const server = await configured(place, 'nginx.conf', [
        ['listen 8080;', `listen 127.0.0.1:${port};`],
        [/ *listen \[::\]:8080;\n/, ''],
        ['/usr/share/nginx/html', `${site}/public`],
    ]);
    const main = path.join(folder, 'main.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(kind => `${kind}_temp_path ${folder}/${kind};`);
    await writeFile(main, `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1;
events {}
http { access_log off; include /etc/nginx/mime.types; ${temporary.join(' ')} include ${server}; }
`);
    return { program: '/usr/sbin/nginx', parameters: ['-e', `${folder}/error.log`, '-c', main] };
}

/** @param {Place} place */
async function apache(place) {
    const { site, folder, port } = place;
    const host = await configured(place, 'apache.conf', []);
    const modules = ['mpm_event', 'authz_core', 'headers', 'mime', 'dir', 'filter', 'deflate'];
    const main = path.join(folder, 'main.conf');
    await writeFile(main, `ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
DefaultRuntimeDir ${folder}
User www-data
Group www-data
${modules.map(name => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`).join('\n')}
TypesConfig /dev/null
<VirtualHost 127.0.0.1:${port}>
    DocumentRoot ${site}/public
    <Directory ${site}/public>
        Require all granted
    </Directory>
    Include ${host}
</VirtualHost>
`);
    return { program: '/usr/sbin/apache2', parameters: ['-f', main, '-D', 'FOREGROUND'] };
}

/** @param {Place} place */
async function caddy(place) {
    const config = await configured(place, 'Caddyfile', [
        [/^/, '{\n\tadmin off\n}\n'],
        ['\n:8080 {', `\nhttp://localhost:${place.port} {`],
        ['root * public', `root * ${place.site}/public`],
    ]);
    return { program: '/usr/bin/caddy', parameters: ['run', '--adapter', 'caddyfile', '--config', config] };
}

/** By name: how it is configured, and its program. */
export const SERVERS = {
    nginx: { configure: nginx, program: '/usr/sbin/nginx' },
    apache: { configure: apache, program: '/usr/sbin/apache2' },
    caddy: { configure: caddy, program: '/usr/bin/caddy' },
};

/** @param {keyof typeof SERVERS} name */
export const missing = name => (existsSync(SERVERS[name].program) ? false : `${SERVERS[name].program} is not installed (.ci/setup servers)`);

/** @returns {Promise<number>} */
async function freePort() {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
    probe.close();
    await once(probe, 'close');
    return port;
}

/**
 * @param {keyof typeof SERVERS} name
 * @param {string} site the folder of the release
 * @returns {Promise<{ address: string, stop: () => Promise<void> }>} `stop` may be called again
 */
export async function startServer(name, site) {
    const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-server-'));
    await chmod(folder, 0o755); // for the server's own user
    await mkdir(path.join(folder, 'home'));
    const port = await freePort();
    const { program, parameters } = await SERVERS[name].configure({ site, folder, port });
    const home = path.join(folder, 'home');
    const child = spawn(program, parameters, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => { output += String(chunk); });
    const ended = once(child, 'close');
    let stopped = false;
    const stop = async () => {
        if (stopped) return;
        stopped = true;
        child.kill('SIGTERM');
        await ended;
        await rm(folder, { recursive: true, force: true });
    };
    const address = `http://localhost:${port}/`;
    for (const started = Date.now(); ;) {
        if (await fetch(address).then(() => true, () => false)) return { address, stop };
        if (child.exitCode !== null || Date.now() - started > START_MILLISECONDS) {
            const log = await readFile(path.join(folder, 'error.log'), 'utf8').catch(() => '');
            await stop();
            throw new Error(`${name} did not start: ${output}${log}`);
        }
        await new Promise(resolve => { setTimeout(resolve, 50); });
    }
}
