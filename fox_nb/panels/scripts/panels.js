// The room's own widgets, each by the name that its Python side knows it by; the loader fetches all of them, once a page.
import { level } from "./parts/level.js";
import { press } from "./parts/press.js";

export const parts = { level, press };
