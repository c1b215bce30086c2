// The panels' own widgets, each by the name that its Python side knows it by; the loader fetches all of them, once a page.
import { drawInto } from "./parts/drawing.js";
import { history } from "./parts/history.js";
import { known } from "./parts/known.js";
import { level } from "./parts/level.js";
import { mentions } from "./parts/mentions.js";
import { mounter as makeMounter } from "./parts/mount.js";
import { name } from "./parts/name.js";
import { persons } from "./parts/persons.js";
import { picker } from "./parts/picker.js";
import { press } from "./parts/press.js";
import { results } from "./parts/results.js";
import { sweepView as sweep_view } from "./parts/sweep_view.js";

/** What brings the script, and shows nothing. */
const ahead = () => ({});

export const parts = { ahead, history, known, level, mentions, name, persons, picker, press, results, sweep_view };
export const mounter = (given, hash, style) => makeMounter(given, hash, style, drawInto);
