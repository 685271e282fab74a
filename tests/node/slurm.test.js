// The job script for Slurm under real daemons of Slurm, which the test starts for itself on this machine only. Skipped
// without Slurm; SONOMASK_SLURM=1 (make test-slurm) runs it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { BUILD, ROOT } from './support/project.js';

const PROGRAM = path.join(BUILD, 'sonomask'), SCRIPT = path.join(ROOT, 'native/slurm-folds.sh');
const installed = spawnSync('sh', ['-c', 'command -v slurmctld && command -v slurmd && command -v sbatch']).status === 0;
const skip = !process.env.SONOMASK_SLURM ? 'make test-slurm runs it' : installed ? false : 'no Slurm';
const TRAINING = ['--size', '32', '--batch', '8', '--inner', '0.2', '--threads', '1'];
const FOLDS = 3;

let folder = '', data = '';
/** @type {import('node:child_process').ChildProcess[]} */
const daemons = [];
const environment = () => ({ ...process.env, SLURM_CONF: path.join(folder, 'slurm.conf'), SONOMASK: PROGRAM });

/** @returns {Promise<number>} a port of this machine that nothing uses */
const freePort = () => new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(address && typeof address === 'object' ? address.port : 0));
    });
});

/** @param {string} program @param {string[]} words */
function start(program, ...words) {
    const log = openSync(path.join(folder, `${path.basename(program)}.log`), 'a');
    daemons.push(spawn(program, words, { env: environment(), stdio: ['ignore', log, log] }));
    closeSync(log);
}

/** @param {string} program @param {string[]} words */
function run(program, ...words) {
    const { status, stdout, stderr } = spawnSync(program, words, { env: environment(), encoding: 'utf8', timeout: 280000, cwd: folder });
    return { status, out: stdout, err: stderr };
}

/** @param {() => boolean} happened @param {string} what */
async function until(happened, what, seconds = 120) {
    for (let tries = 0; !happened(); tries++) {
        assert.ok(tries < 5 * seconds, what);
        await sleep(200);
    }
}

before(async () => {
    if (skip) return;
    folder = mkdtempSync(path.join(tmpdir(), 'sonomask-slurm-'));
    data = path.join(folder, 'data');
    mkdirSync(path.join(folder, 'state'));
    mkdirSync(path.join(folder, 'spool'));
    const user = userInfo().username;
    writeFileSync(path.join(folder, 'slurm.conf'), `ClusterName=sonomask
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/none
CredType=cred/none
SlurmctldPort=${await freePort()}
SlurmdPort=${await freePort()}
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
MpiDefault=none
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
MailProg=/bin/true
NodeName=localhost NodeAddr=127.0.0.1 CPUs=1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`);
    assert.equal(spawnSync(PROGRAM, ['phantom', '--out', data, '--count', '45', '--seed', '3']).status, 0);
    start('slurmctld', '-D');
    await sleep(1000);
    start('slurmd', '-D', '-N', 'localhost');
    await until(() => /idle/.test(run('sinfo', '--noheader').out), 'the node is not ready');
});
after(async () => {
    for (const daemon of daemons.reverse()) {
        daemon.kill('SIGTERM');
        if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit');
    }
    if (folder) rmSync(folder, { recursive: true });
});

/** @param {string[]} words before the script @param {string[]} more options of train */
const submit = (words, ...more) => run('sbatch', '--cpus-per-task=1', '--output=%x-%a.txt', ...words, SCRIPT,
    '--data', data, ...TRAINING, ...more);

/** @param {string} name */
const hash = (name) => createHash('sha256').update(readFileSync(path.join(folder, name))).digest('hex');
/** @param {string} name */
const output = (name) => existsSync(path.join(folder, name)) ? readFileSync(path.join(folder, name), 'utf8') : '';

test('an array job trains the folds that one command trains', { skip }, () => {
    const job = submit(['--wait', `--array=0-${FOLDS - 1}`, '--job-name=array'], '--out', path.join(folder, 'array'), '--epochs', '2');
    assert.equal(job.status, 0, job.err + output('array-0.txt'));
    const here = spawnSync(PROGRAM, ['train', '--data', data, '--out', path.join(folder, 'here'), '--folds', String(FOLDS), ...TRAINING, '--epochs', '2']);
    assert.equal(here.status, 0);
    for (let fold = 0; fold < FOLDS; fold++)
        assert.equal(hash(`array/fold${fold}/weights.safetensors`), hash(`here/fold${fold}/weights.safetensors`));
    const scored = run(PROGRAM, 'evaluate', '--folds', path.join(folder, 'array'), '--data', data, '--no-pictures', '--out', path.join(folder, 'scores'));
    assert.equal(scored.status, 0, scored.err);
});

test('a task that Slurm starts again goes on from its checkpoint', { skip }, async () => {
    const out = path.join(folder, 'again'), options = ['--epochs', '60', '--save-seconds', '0'];
    const job = submit(['--array=1', '--job-name=again', '--parsable', '--open-mode=append'], '--out', out, ...options);
    assert.equal(job.status, 0, job.err);
    const id = `${job.out.trim()}_1`;
    await until(() => existsSync(path.join(out, 'fold1/checkpoint.bin')), 'no checkpoint');
    assert.equal(run('scontrol', 'requeue', id).status, 0);
    await until(() => /PENDING/.test(run('squeue', '--noheader', '--format=%T', `--job=${id}`).out), 'it is not queued again');
    assert.equal(run('scontrol', 'update', `JobId=${id}`, 'StartTime=now').status, 0); // else Slurm waits two minutes
    await until(() => /training: done/.test(output('again-1.txt')), output('again-1.txt'));
    assert.match(output('again-1.txt'), /resuming at epoch/);
    assert.equal(spawnSync(PROGRAM, ['train', '--data', data, '--out', path.join(folder, 'whole'), '--fold', '1', ...TRAINING, ...options]).status, 0);
    assert.equal(hash('again/fold1/weights.safetensors'), hash('whole/weights.safetensors'));
});

test('before its time is over, a task writes a checkpoint', { skip }, async () => {
    const out = path.join(folder, 'late');
    const job = submit(['--array=0', '--job-name=late', '--time=3'], '--out', out, '--epochs', '100000', '--save-seconds', '100000');
    assert.equal(job.status, 0, job.err);
    await until(() => /continue with --resume/.test(output('late-0.txt')), `not stopped: ${output('late-0.txt').slice(-300)}`);
    assert.ok(existsSync(path.join(out, 'fold0/checkpoint.bin')));
});

test('the script refuses what it cannot do', { skip: process.env.SONOMASK_SLURM ? false : skip }, () => {
    const call = (/** @type {string} */ task, /** @type {string[]} */ ...words) => spawnSync(SCRIPT, words, {
        encoding: 'utf8', env: { ...process.env, SLURM_ARRAY_TASK_ID: task },
    });
    assert.match(call('', '--out', 'x').stderr, /usage: sbatch --array/);
    assert.match(call('0', '--data', 'x').stderr, /--out is missing/);
    assert.match(call('0', '--out', 'x', '--folds', '3').stderr, /leave out --folds/);
});
