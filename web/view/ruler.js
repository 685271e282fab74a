/** The depth scale at the viewer's edge, as ultrasound machines draw it: in millimetres when known, else in pixels. */

const LEAST_GAP = 56; // CSS pixels between two numbers

/**
 * @param {number} perUnit CSS pixels of one unit
 * @returns {number} units between two numbers: 1, 2 or 5 times a power of ten
 */
export function stepOf(perUnit) {
    const wanted = LEAST_GAP / perUnit;
    const power = 10 ** Math.floor(Math.log10(wanted));
    const factor = [1, 2, 5, 10].find(candidate => candidate * power >= wanted) ?? 10;
    return Math.max(power * factor, 1);
}

/**
 * @param {CanvasRenderingContext2D} context in CSS pixels
 * @param {import('./transform.js').Transform} transform
 * @param {{ width: number, height: number }} pane
 * @param {number} imageHeight pixels
 * @param {number | null} millimetres of a pixel's side, or null
 */
export function drawRuler(context, transform, pane, imageHeight, millimetres) {
    const perUnit = transform.scale / (millimetres ?? 1);
    const step = stepOf(perUnit);
    const last = imageHeight * (millimetres ?? 1);
    context.save();
    const shade = context.createLinearGradient(0, 0, 52, 0);
    shade.addColorStop(0, 'rgba(7, 11, 11, 0.75)');
    shade.addColorStop(1, 'rgba(7, 11, 11, 0)');
    context.fillStyle = shade;
    context.fillRect(0, 0, 52, pane.height);
    context.strokeStyle = 'rgba(214, 230, 224, 0.55)';
    context.fillStyle = 'rgba(214, 230, 224, 0.8)';
    context.font = '11px system-ui, sans-serif';
    context.textBaseline = 'middle';
    context.textAlign = 'left';
    context.direction = 'ltr';
    context.lineWidth = 1;
    context.beginPath();
    let unit = millimetres ? ' mm' : ' px';
    for (let minor = 0; (minor * step) / 5 <= last; minor++) {
        const y = Math.round(transform.y + ((minor * step) / 5) * perUnit) + 0.5;
        if (y < 0 || y > pane.height) continue;
        const major = minor % 5 === 0;
        context.moveTo(0, y);
        context.lineTo(major ? 12 : 6, y);
        if (!major || y < 8 || y > pane.height - 8) continue;
        context.fillText(`${(minor / 5) * step}${unit}`, 16, y);
        unit = ''; // only at the topmost number
    }
    context.stroke();
    context.restore();
}
