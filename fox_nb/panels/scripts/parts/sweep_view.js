// A sweep's plan, its Run and Stop, one progress bar and the time left, which runs here between the kernel's messages.
import { duration, fill, focused, onPress, put, write } from "./elements.js";

const TICK = 1000;

export const sweepView = (model) => {
  let state = /** @type {any} */ (null);

  return {
    hear(content) {
      if (content.type !== "state") return false;
      state = { ...content, arrived: performance.now() };
      return true;
    },
    view({ el, signal }) {
      const root = put("div", "fox-sweep", { tabIndex: -1 });
      const hiding = put("style");
      const plan = put("div", "fox-plan");
      const run = put("button", "fox-act fox-run", { type: "button" });
      const no = put("button", "fox-act", { type: "button", textContent: "No, not now" });
      const stop = put("button", "fox-act", {
        type: "button",
        textContent: "Stop",
        title: "Send nothing more; what is in progress still arrives",
      });
      const acts = put("div", "fox-acts");
      const bar = put("progress", "fox-bar");
      const words = put("p", "fox-words");
      const findings = put("div");
      const said = put("div");
      const aloud = put("p", "fox-aloud", { role: "status" });
      acts.append(run, no, stop);
      root.append(hiding, plan, acts, said, bar, words, findings, aloud);
      el.append(root);
      root.hidden = true;

      // Never disabled: that would take the focus away from who works with the keyboard.
      const putOff = (button, off) => button.setAttribute("aria-disabled", String(off));
      const press = (button, message) =>
        onPress(button, () => {
          if (button.getAttribute("aria-disabled") === "true") return;
          putOff(button, true);
          model.send(message());
        });
      press(run, () => ({ type: "run", sure: state.asks }));
      press(no, () => ({ type: "no" }));
      press(stop, () => ({ type: "stop" }));

      function tick() {
        if (!state) return;
        const gone = (performance.now() - state.arrived) / 1000;
        const left =
          state.left === null
            ? ""
            : state.left - gone > 1
              ? `, about ${duration(state.left - gone)} left`
              : ", nearly there";
        const text = state.words && `${state.words}${left}.`;
        write(words, text);
      }

      function fillWith(place, html) {
        if (place.dataset.said === html) return;
        place.dataset.said = html;
        place.innerHTML = html; // made and escaped in the kernel, like every output
      }

      function show() {
        if (!state) return;
        root.hidden = false;
        hiding.textContent = `[data-fox-stays="${state.hides}"]{display:none!important}`;
        fillWith(plan, state.plan);
        fillWith(said, state.said);
        run.textContent = state.run;
        const held = focused(acts);
        run.hidden = !state.run || state.canStop;
        no.hidden = !state.asks;
        stop.hidden = !state.canStop;
        putOff(run, !state.canRun);
        putOff(no, false);
        putOff(stop, false);
        if (held instanceof HTMLElement && acts.contains(held) && held.hidden)
          ([stop, run].find((one) => !one.hidden) ?? root).focus({ preventScroll: true });
        acts.hidden = run.hidden && no.hidden && stop.hidden;
        bar.hidden = !state.going;
        bar.max = state.total;
        bar.value = state.over;
        bar.setAttribute("aria-label", "Pictures made");
        fill(findings, state.lines, (textContent) => put("p", "fox-finding", { textContent }));
        words.hidden = !state.going && state.over === state.total && !state.failed;
        tick();
        const news = state.going ? (state.canStop ? "Running." : "") : words.textContent;
        write(aloud, news);
      }

      const timer = setInterval(tick, TICK);
      signal.addEventListener("abort", () => clearInterval(timer));
      return show;
    },
  };
};
