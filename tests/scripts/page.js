// Node has no page: what parts draw is drawn into happy-dom's. Loaded before the tests.
import { Window } from "../../.ci/node_modules/happy-dom/lib/index.js";

const window = new Window();
const { document, Element, HTMLElement, Event, MutationObserver, ResizeObserver, requestAnimationFrame } = window;
const page = { window, document, Element, HTMLElement, Event, MutationObserver, ResizeObserver };
Object.assign(globalThis, page, { requestAnimationFrame: requestAnimationFrame.bind(window) });
