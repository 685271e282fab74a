/** The frame slider of cine loops, and playing them at their own rate with the overlay as fast as the machine allows. */
import { t } from '../i18n/i18n.js';
import { byId, icon } from '../ui/dom.js';

/** @typedef {import('../state/session.js').Session} Session */

const FALLBACK_RATE = 10; // frames a second, where the file does not say

export class Frames {
    #session;
    #slider = byId('frame', HTMLInputElement);
    #play = byId('play', HTMLButtonElement);
    /** Of playing: when it began, and at which frame. @type {{ at: number, frame: number } | null} */
    #started = null;
    #busy = false;

    /** @param {Session} session */
    constructor(session) {
        this.#session = session;
        this.#slider.addEventListener('input', () => {
            const frame = this.#slider.valueAsNumber - 1; // before stopping, which writes the frame in view back
            this.stop();
            void session.showFrame(frame);
        });
        this.#play.addEventListener('click', () => this.toggle());
        session.addEventListener('picture', () => this.render());
    }

    toggle() {
        const { item } = this.#session;
        if (this.#started) {
            this.stop();
        } else if (item && item.frameCount > 1) {
            this.#started = { at: performance.now(), frame: item.frame };
            this.render();
            requestAnimationFrame(() => this.#tick());
        }
    }

    stop() {
        this.#started = null;
        this.render();
    }

    /** Frames that come too late are left out, so that the loop keeps its own time. */
    #tick() {
        const { item } = this.#session;
        if (!this.#started) return;
        if (!item || item.frameCount < 2) {
            this.stop();
            return;
        }
        const rate = item.source?.framesPerSecond || FALLBACK_RATE;
        const passed = Math.floor(((performance.now() - this.#started.at) / 1000) * rate);
        const frame = (this.#started.frame + passed) % item.frameCount;
        if (frame !== item.frame && !this.#busy) {
            this.#busy = true;
            void this.#session.showFrame(frame).finally(() => {
                this.#busy = false;
            });
        }
        requestAnimationFrame(() => this.#tick());
    }

    render() {
        const { item } = this.#session;
        const count = item?.frameCount ?? 1;
        byId('frames', HTMLElement).hidden = count < 2;
        if (!item || count < 2) {
            this.#started = null;
            return;
        }
        this.#slider.max = String(count);
        this.#slider.value = String(item.frame + 1);
        const text = t('frames.of', { frame: item.frame + 1, count });
        byId('frame-text', HTMLOutputElement).textContent = text;
        this.#slider.setAttribute('aria-valuetext', text);
        const label = t(this.#started ? 'frames.pause' : 'frames.play');
        if (this.#play.getAttribute('aria-label') !== label) {
            this.#play.setAttribute('aria-label', label);
            this.#play.title = label;
            this.#play.replaceChildren(icon(this.#started ? 'pause' : 'play'));
        }
    }
}
