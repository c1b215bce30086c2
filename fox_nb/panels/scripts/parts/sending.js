// Sends a file in pieces that the kernel acknowledges, a few under way at a time; what was lost is sent again.

// As in incoming.py.
export const PIECE = 900_000;
// Pieces under way: enough for a slow link's delay, far from flooding the server.
const WINDOW = 4;
// Ms without a word from the kernel, then it is asked.
const PATIENCE = 12_000;

/** @param {ArrayBuffer} bytes */
const hex = (bytes) => Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, "0")).join("");

/** A name that nobody else has given. */
export const key = () => hex(crypto.getRandomValues(new Uint8Array(12)).buffer);

/** One file on its way: what is known of it, and who waits for a word. */
export class Job {
  /**
   * @param {string} name
   * @param {string} of which of how many it is
   */
  constructor(name, of) {
    this.id = key();
    this.name = name;
    this.of = of;
    this.size = 0;
    this.received = 0;
    this.asked = 0;
    this.refused = "";
    this.cancelled = this.done = this.waiting = this.updated = false;
    this.wake = () => {};
  }

  /** Take in what the kernel, or the person, says of it. */
  update(facts = {}) {
    Object.assign(this, facts, { updated: true });
    this.wake();
  }

  /** Wait for a word; false when none comes. */
  async word(patience = PATIENCE) {
    let timer;
    if (!this.updated)
      await new Promise((resolve) => {
        this.wake = () => resolve(undefined);
        timer = setTimeout(resolve, patience);
      });
    clearTimeout(timer);
    const any = this.updated;
    this.updated = false;
    return any;
  }
}

/**
 * Send one file; resolves when the kernel has all of it, throws words for the person ("" when they called it off).
 * @param {Job} job
 * @param {{blob: Blob, mime: string, note: string, thumb?: Blob}} ready
 * @param {string} batch
 * @param {(message: Record<string, unknown>, buffers?: ArrayBuffer[]) => void} say
 * @param {() => void} waits called when the kernel is silent
 */
export async function send(job, { blob, mime, thumb, note }, batch, say, waits) {
  const { id, name } = job;
  const sha256 = crypto.subtle ? hex(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer())) : "";
  let [at, number, ended] = [0, 0, false];
  say({ type: "begin", id, name, mime, size: blob.size }, thumb ? [await thumb.arrayBuffer()] : []);
  while (!job.done) {
    if (job.refused) throw Error(job.refused);
    if (job.cancelled) {
      say({ type: "drop", id });
      throw Error("");
    }
    while (at < blob.size && at - job.received < WINDOW * PIECE) {
      const piece = await blob.slice(at, at + PIECE).arrayBuffer();
      say({ type: "piece", id, at }, [piece]);
      at += piece.byteLength;
    }
    if (!ended && job.received === blob.size) {
      ended = true;
      say({ type: "end", id, batch, sha256, note });
    }
    if (!(await job.word())) {
      job.waiting = true;
      say({ type: "piece", id, number: ++number });
      waits();
    } else if (job.asked && job.asked === number) {
      // What lay between was lost, for example with the connection.
      at = job.received;
      ended = false;
      job.asked = 0;
    }
  }
}
