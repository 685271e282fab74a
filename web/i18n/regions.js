/** The texts of the region tool, which is loaded after the first answer. `{name}` is replaced by the parameter. */

const ENGLISH = {
    auto: 'Automatic',
    whole: 'Whole image',
    add: 'Add',
    remove: 'Remove',
    all: 'For all images of this size',
    hint: 'Drag a box or its handles; drag beside the boxes to draw another. Arrow keys move, with Shift they resize, Enter chooses the next, Delete removes.',
    name: 'Scan regions',
    full: 'There is no room for another box.',
    allDone: 'The regions are used for {count} images.',
    said: 'Region {number} of {count}: {width} × {height} pixels at {x}, {y}',
    outside: 'This place is not in a scan region, so the network does not see it.',
    extend: 'Extend the region',
    wholeInstead: 'Use the whole image',
};

/** @type {typeof ENGLISH} */
const ARABIC = {
    auto: 'تلقائي',
    whole: 'الصورة كلها',
    add: 'إضافة',
    remove: 'حذف',
    all: 'لكل الصور بهذا الحجم',
    hint: 'اسحب إطارًا أو مقابضه، أو اسحب بجانب الأطر لرسم إطار آخر. الأسهم تحرِّك، ومع Shift تغيِّر الحجم، وEnter ينتقل إلى التالي، وDelete يحذف.',
    name: 'مناطق التصوير',
    full: 'لا مكان لإطار آخر.',
    allDone: 'تُستخدم المناطق لعدد {count} من الصور.',
    said: 'المنطقة {number} من {count}: ‏{width} × {height} بكسل عند {x}، {y}',
    outside: 'هذا الموضع خارج مناطق التصوير، فلا تراه الشبكة.',
    extend: 'توسيع المنطقة',
    wholeInstead: 'استخدام الصورة كلها',
};

/**
 * @param {string} language code
 * @param {keyof typeof ENGLISH} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function regionText(language, key, values = {}) {
    const text = (language === 'ar' ? ARABIC : ENGLISH)[key];
    return text.replaceAll(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}
