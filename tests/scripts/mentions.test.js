// What the prompt says of itself: who is named in it, where a name goes, and how long it is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lengthWords, mentioned, spaced } from "../../fox_nb/panels/scripts/parts/mentions.js";

/** The text after a word was put in place of what is selected. */
const put = (text, start, end, word) => text.slice(0, start) + spaced(text, start, end, word) + text.slice(end);

test("who is named is found in their order, each once", () => {
  assert.deepEqual(mentioned("[[b]] and [[ a ]] and [[b]], not [[]] or [c]"), ["b", "a"]);
});

test("blanks stand between a name and words, not before punctuation, and none is doubled", () => {
  assert.equal(put("A portrait of X, smiling", 14, 15, "[[p1]]"), "A portrait of [[p1]], smiling");
  assert.equal(put("A portrait of", 13, 13, "[[p1]]"), "A portrait of [[p1]] ");
  assert.equal(put("", 0, 0, "[[p1]]"), "[[p1]] ");
  assert.equal(put("a  b", 2, 2, "[[p1]]"), "a [[p1]] b");
  assert.equal(put("of", 1, 1, "[[p1]]"), "o [[p1]] f");
});

test("the length is told near the limit alone, in characters as Python counts them", () => {
  assert.deepEqual(lengthWords("a".repeat(1599), 2000), { figures: "", words: "" });
  assert.equal(lengthWords("\u{1F98A}".repeat(1600), 2000).figures, "1,600 of 2,000 characters");
  assert.match(lengthWords("a".repeat(2001), 2000).words, /longer/);
  assert.deepEqual(lengthWords("a".repeat(9999), 0), { figures: "", words: "" });
});
