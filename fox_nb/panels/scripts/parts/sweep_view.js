// A sweep's plan, its Run and Stop, one progress bar and the time left, which runs here between the kernel's messages.
import { html, nothing, once, onPress } from "./drawing.js";
import { duration, focused } from "./elements.js";

const TICK = 1000;
const STOP = "Send nothing more; what is in progress still arrives";

/** What is said of the progress. */
function progress({ words, left, arrived }) {
  const rest = left - (performance.now() - arrived) / 1000;
  const when = left === null ? "" : rest > 1 ? `, about ${duration(rest)} left` : ", nearly there";
  return words && `${words}${when}.`;
}

export const sweepView = (model, show) => {
  let state = /** @type {any} */ (null);

  // Never disabled: that would take the focus away from who works with the keyboard.
  function act(words, message, { isSeen, isOff = false, title = "", kind = "" }) {
    const off = isOff || state.pressed === message.type;
    const run = () => {
      if (off) return;
      state.pressed = message.type;
      show();
      model.send(message);
    };
    return html`<button type="button" class="fox-act ${kind}" title=${title || nothing} aria-disabled=${off}
      ?hidden=${!isSeen} @keydown=${once} @click=${onPress(run)}>${words}</button>`;
  }

  return {
    onMessage(content) {
      if (content.type !== "state") return false;
      state = { ...content, arrived: performance.now(), pressed: "" };
      return true;
    },
    view({ el, signal }) {
      const timer = setInterval(() => state && show(), TICK);
      signal.addEventListener("abort", () => clearInterval(timer));

      return (draw) => {
        if (!state) return;
        const { run, canStop, asks, going, total, over } = state;
        const words = progress(state);
        const canBegin = run && !canStop;
        const held = focused(el);
        // plan and said are made and escaped in the kernel, like every output
        draw(html`<div class="fox-sweep" tabindex="-1">
          <style>${`[data-fox-stays="${state.hides}"]{display:none!important}`}</style>
          <div class="fox-plan" .innerHTML=${state.plan}></div>
          <div class="fox-acts" ?hidden=${!canBegin && !asks && !canStop}>
            ${act(run, { type: "run", sure: asks }, { isSeen: canBegin, isOff: !state.canRun, kind: "fox-run" })}
            ${act("No, not now", { type: "no" }, { isSeen: asks })}
            ${act("Stop", { type: "stop" }, { isSeen: canStop, title: STOP })}
          </div>
          <div .innerHTML=${state.said}></div>
          <progress class="fox-bar" aria-label="Pictures made" max=${total} value=${over} ?hidden=${!going}></progress>
          <p class="fox-words" ?hidden=${!going && over === total && !state.failed}>${words}</p>
          <div>${state.lines.map((line) => html`<p class="fox-finding">${line}</p>`)}</div>
          <p class="fox-aloud" role="status">${going ? (canStop ? "Running." : "") : words}</p>
        </div>`);
        if (held instanceof HTMLElement && held.hidden && el.contains(held)) {
          const next = el.querySelector(".fox-acts > :not([hidden])") ?? el.firstElementChild;
          /** @type {HTMLElement} */ (next).focus({ preventScroll: true });
        }
      };
    },
  };
};
