// A file on its way: pieces below the server's limit, a few at a time; a lost one is sent again, a refusal ends it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { amount, fitted } from "../../fox_nb/panels/scripts/parts/scaling.js";
import { Job, PIECE, send } from "../../fox_nb/panels/scripts/parts/sending.js";

/** A kernel that takes pieces in order; `lose` says which message it never gets. */
function kernel(job, lose = () => false) {
  const said = [];
  let received = 0;
  const say = (message, buffers = []) => {
    said.push({ ...message, bytes: buffers[0]?.byteLength ?? 0 });
    if (lose(message)) return;
    if (message.type === "piece" && message.at === received) received += buffers[0].byteLength;
    const asked = message.number ?? job.asked;
    if (message.type === "piece") queueMicrotask(() => job.update({ received, asked }));
    if (message.type === "end") queueMicrotask(() => job.update({ done: true }));
  };
  return { said, say };
}

const ready = (size) => ({ blob: new Blob([new Uint8Array(size)]), mime: "image/png", note: "" });

test("a file goes in pieces below 1 MB, and its end comes when all of them are there", async () => {
  const job = new Job("a.png", "1 of 1");
  const { said, say } = kernel(job);
  await send(job, ready(2 * PIECE + 17), "batch", say, () => {});
  assert.deepEqual(
    said.map(({ type, bytes }) => [type, bytes]),
    [
      ["begin", 0],
      ["piece", PIECE],
      ["piece", PIECE],
      ["piece", 17],
      ["end", 0],
    ],
  );
  assert.ok(said.every(({ bytes }) => bytes < 1_000_000));
  assert.match(said.at(-1).sha256, /^[0-9a-f]{64}$/);
});

test("a piece that was lost is sent again once the kernel has said how much it has", async () => {
  const job = new Job("a.png", "1 of 1");
  let lost = false;
  const { said, say } = kernel(job, ({ type, at }) => type === "piece" && at === 0 && !lost && (lost = true));
  const word = job.word.bind(job);
  job.word = () => word(5);
  await send(job, ready(PIECE + 3), "batch", say, () => {});
  assert.equal(said.filter(({ type, at }) => type === "piece" && at === 0).length, 2);
  assert.equal(said.at(-1).type, "end");
});

test("so is the word that all of it was sent", async () => {
  const job = new Job("a.png", "1 of 1");
  let lost = false;
  const { said, say } = kernel(job, ({ type }) => type === "end" && !lost && (lost = true));
  const word = job.word.bind(job);
  let waits = 0;
  job.word = () => {
    waits += 1;
    job.cancelled = waits > 20;
    return word(5);
  };
  await send(job, ready(PIECE + 3), "batch", say, () => {});
  assert.equal(said.filter(({ type }) => type === "end").length, 2);
});

test("a refusal ends it with the kernel's words, and who calls it off hears none", async () => {
  const refused = new Job("a.png", "1 of 1");
  const sending = send(
    refused,
    ready(5),
    "b",
    () => queueMicrotask(() => refused.update({ refused: "too large" })),
    () => {},
  );
  await assert.rejects(sending, /too large/);
  const off = new Job("a.png", "1 of 1");
  off.cancelled = true;
  const said = [];
  await assert.rejects(
    send(
      off,
      ready(5),
      "b",
      (message) => said.push(message.type),
      () => {},
    ),
    { message: "" },
  );
  assert.deepEqual(said, ["begin", "drop"]);
});

test("sizes are said in words, and a picture keeps its shape when it is scaled", () => {
  assert.deepEqual([amount(3), amount(99_499), amount(1_250_000)], ["1 kB", "99 kB", "1.3 MB"]);
  assert.deepEqual(fitted({ width: 8192, height: 6144 }, 4096), [4096, 3072]);
  assert.deepEqual(fitted({ width: 10, height: 5 }, 4096), [10, 5]);
  assert.deepEqual(fitted({ width: 5000, height: 1 }, 200), [200, 1]);
});
