'use client';

import { useEffect } from 'react';
import { answers } from '../answers.js';

export default function Page() {
    useEffect(() => { globalThis.answers = answers; }, []);
    return <h1>sonomask</h1>;
}
