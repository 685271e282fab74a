/** The frame slider of cine loops, and playback at their own rate; the overlay follows as fast as the machine allows. */
import { t } from '../i18n/i18n.js';
import { byId, icon } from '../ui/dom.js';

/**
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/session.js').Session} Session
 */

const FALLBACK_RATE = 10; // frames per second, where the file gives none

export class Frames {
    #session;
    #slider = byId('frame', HTMLInputElement);
    #play = byId('play', HTMLButtonElement);
    /** Stops the playback; null when nothing plays. @type {(() => void) | null} */
    #stopPlaying = null;
    /** The loop that plays. @type {Item | null} */
    #item = null;
    #busy = false;

    /** @param {Session} session */
    constructor(session) {
        this.#session = session;
        // The number is read first, because stopping writes the frame in view back.
        this.#slider.addEventListener('input', () => this.go(this.#slider.valueAsNumber - 1));
        this.#play.addEventListener('click', () => this.toggle());
        session.addEventListener('edit', () => void this.stop());
        session.addEventListener('picture', () => {
            if (this.#item !== session.item) this.#forget();
            this.render();
        });
    }

    /** @param {number} frame to show; playback stops */
    go(frame) {
        void this.stop();
        void this.#session.showFrame(frame);
    }

    toggle() {
        const { item } = this.#session;
        if (this.#stopPlaying) {
            void this.stop();
        } else if (item?.source && item.frameCount > 1 && item.state === 'done') {
            this.#item = item;
            this.#session.beginPlay();
            const show = (/** @type {number} */ frame) => this.#show(frame);
            this.#stopPlaying = item.source.play?.(item.frame, show) ?? playByClock(item, item.source.framesPerSecond || FALLBACK_RATE, show);
            this.render();
        }
    }

    /** @returns {Promise<void>} resolves when the frame at which it stopped has its own answer */
    async stop() {
        if (!this.#stopPlaying) return;
        this.#forget();
        this.render();
        await this.#session.endPlay();
    }

    #forget() {
        this.#stopPlaying?.();
        this.#stopPlaying = null;
        this.#item = null;
    }

    /**
     * Frames that come while another one is being drawn are left out, so that the loop keeps its rate.
     * @param {number} frame
     */
    #show(frame) {
        if (this.#busy || frame === this.#session.item?.frame) return;
        this.#busy = true;
        this.#session
            .playFrame(frame)
            .catch(() => this.stop())
            .finally(() => (this.#busy = false));
    }

    render() {
        const { item } = this.#session;
        const count = item?.frameCount ?? 1;
        byId('frames', HTMLElement).hidden = count < 2;
        if (!item || count < 2) return;
        this.#slider.max = String(count);
        this.#slider.value = String(item.frame + 1);
        const text = t('frames.of', { frame: item.frame + 1, count });
        byId('frame-text', HTMLOutputElement).textContent = text;
        this.#slider.setAttribute('aria-valuetext', text);
        const label = t(this.#stopPlaying ? 'frames.pause' : 'frames.play');
        if (this.#play.getAttribute('aria-label') !== label) {
            this.#play.setAttribute('aria-label', label);
            this.#play.title = label;
            this.#play.replaceChildren(icon(this.#stopPlaying ? 'pause' : 'play'));
        }
    }
}

/**
 * @param {Item} item
 * @param {number} rate frames per second
 * @param {(frame: number) => void} onFrame
 * @returns {() => void} stops it
 */
function playByClock({ frame: first, frameCount }, rate, onFrame) {
    const started = performance.now();
    let request = 0;
    const tick = () => {
        const passed = Math.floor(((performance.now() - started) / 1000) * rate);
        onFrame((first + passed) % frameCount);
        request = requestAnimationFrame(tick);
    };
    request = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(request);
}
