#!/usr/bin/env node
/**
 * Gives the fused multiply-add of a WebAssembly module the opcode of the standard:
 *
 *     node wasm/package/relaxed.js FILE
 *
 * The compiler (LLVM 14) and binaryen 108 write the opcode of an early draft of relaxed SIMD, 0xfd 0xaf 0x01 with
 * operands (a, b, c); engines read 0xfd 0x85 0x02, a * b + c. Both have three bytes. wasm-dis counts the instructions: when
 * the bytes occur as often, each occurrence is one of them, and not a part of a constant.
 */
import { execFile } from 'node:child_process';
import { readFile, rename, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { promisify } from 'node:util';

const DRAFT = Buffer.of(0xfd, 0xaf, 0x01), STANDARD = Buffer.of(0xfd, 0x85, 0x02);

const [, , file] = process.argv;
if (file === undefined) {
    process.stderr.write('usage: relaxed.js FILE\n');
    process.exit(2);
}
const text = await promisify(execFile)('wasm-dis', ['--enable-simd', '--enable-relaxed-simd', file], { maxBuffer: 2 ** 28 });
const instructions = text.stdout.match(/\bf32x4\.relaxed_fma\b/g)?.length ?? 0;
const bytes = await readFile(file);
let found = 0;
for (let at = bytes.indexOf(DRAFT); at >= 0; at = bytes.indexOf(DRAFT, at + DRAFT.length), found++) STANDARD.copy(bytes, at);
if (found !== instructions || found === 0) {
    process.stderr.write(`${file}: ${instructions} instructions, but their bytes occur ${found} times\n`);
    process.exit(1);
}
await writeFile(`${file}.tmp`, bytes, { mode: 0o755 });
await rename(`${file}.tmp`, file);
