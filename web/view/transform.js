/** Position of the image in the viewer: a scale and an offset, in CSS pixels. */

export const LARGEST_SCALE = 40;
const FIT_MARGIN = 0.98;

export class Transform {
    scale = 1;
    x = 0;
    y = 0;
    /** Whether the whole image is kept in view when the viewer's size changes. */
    fitted = true;

    /**
     * @param {{ width: number, height: number }} image
     * @param {{ width: number, height: number }} pane
     * @returns {number}
     */
    static fitScale(image, pane) {
        return Math.min(pane.width / image.width, pane.height / image.height) * FIT_MARGIN;
    }

    /**
     * Shows the whole image in the middle of the pane.
     * @param {{ width: number, height: number }} image
     * @param {{ width: number, height: number }} pane
     */
    fit(image, pane) {
        this.scale = Transform.fitScale(image, pane);
        this.x = (pane.width - image.width * this.scale) / 2;
        this.y = (pane.height - image.height * this.scale) / 2;
        this.fitted = true;
    }

    /**
     * Zooms so that the point under (x, y) stays there.
     * @param {number} factor
     * @param {{ x: number, y: number }} at in the pane
     * @param {number} smallest scale allowed
     */
    zoom(factor, at, smallest) {
        const scale = Math.min(LARGEST_SCALE, Math.max(smallest, this.scale * factor));
        const applied = scale / this.scale;
        this.x = at.x - (at.x - this.x) * applied;
        this.y = at.y - (at.y - this.y) * applied;
        this.scale = scale;
        this.fitted = false;
    }

    /**
     * @param {number} dx
     * @param {number} dy
     */
    pan(dx, dy) {
        this.x += dx;
        this.y += dy;
        this.fitted = false;
    }

    /**
     * Keeps at least part of the image in the pane.
     * @param {{ width: number, height: number }} image
     * @param {{ width: number, height: number }} pane
     */
    clamp(image, pane) {
        const width = image.width * this.scale;
        const height = image.height * this.scale;
        const margin = 48;
        this.x = Math.min(pane.width - margin, Math.max(margin - width, this.x));
        this.y = Math.min(pane.height - margin, Math.max(margin - height, this.y));
    }

    /**
     * @param {{ x: number, y: number }} point in the pane
     * @returns {{ x: number, y: number }} in the image
     */
    toImage(point) {
        return { x: (point.x - this.x) / this.scale, y: (point.y - this.y) / this.scale };
    }
}
