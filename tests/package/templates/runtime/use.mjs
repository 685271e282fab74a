/** Prints the hashes of the masks of Sonomask and SonomaskPool for the image that is named. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { Sonomask, SonomaskPool } from 'sonomask';

const hashOf = (mask) => createHash('sha256').update(mask).digest('hex');
const image = await readFile(process.argv.at(-1));
const sonomask = await Sonomask.load();
const one = await sonomask.segment(image);
const pool = await SonomaskPool.load({ size: 1 });
const other = await pool.segment(image);
pool.dispose();
console.log(JSON.stringify({ one: hashOf(one.mask), pool: hashOf(other.mask) }));
