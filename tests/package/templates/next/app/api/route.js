/** Segments the posted image in Node. */
import { createHash } from 'node:crypto';
import { Sonomask } from 'sonomask';

export const dynamic = 'force-dynamic';

export async function POST(request) {
    const sonomask = await Sonomask.load();
    const { mask } = await sonomask.segment(await request.arrayBuffer());
    return new Response(createHash('sha256').update(mask).digest('hex'));
}
