// What a picker asks for: pictures, one or several, or a ZIP alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { asked } from "../../fox_nb/panels/scripts/parts/picker.js";
import { prepare } from "../../fox_nb/panels/scripts/parts/scaling.js";

test("where only a ZIP is taken nobody is asked for a picture, and one that is dropped is refused at once", async () => {
  const [pictures, zip] = [
    { accept: ["image/png"], archives: false },
    { accept: [], archives: true },
  ];
  assert.deepEqual(asked({ ...pictures, one: true }), {
    words: "Choose a picture\u2026",
    types: "image/*,.heic,.heif",
  });
  assert.equal(asked({ ...pictures, archives: true, one: false }).types, "image/*,.heic,.heif,.zip");
  assert.deepEqual(asked({ ...zip, one: true }), { words: "Choose a ZIP\u2026", types: ".zip" });
  const photo = new File(["x"], "me.jpg", { type: "image/jpeg" });
  await assert.rejects(prepare(photo, { ...zip, longest: 0 }), /no ZIP archive/);
  const archive = new File(["x"], "me.zip", { type: "application/zip" });
  assert.equal((await prepare(archive, { ...zip, longest: 0 })).mime, "application/zip");
});
