// Keeps the table of who spent what as it is now; what somebody is typing or pressing elsewhere stays as it is.
const [EVERY, PATIENCE] = [3000, 10000]; // milliseconds
let since = "";

/**
 * @param {HTMLElement} live
 * @param {HTMLElement} connection
 */
async function look(live, connection) {
  const asked = { signal: AbortSignal.timeout(PATIENCE) };
  const answer = await fetch(String(live.dataset.from), asked).catch(() => undefined);
  const table = answer?.ok ? await answer.text().catch(() => undefined) : undefined;
  since = table === undefined ? since || new Date().toTimeString().slice(0, 5) : "";
  connection.textContent = since && `Not connected since ${since}.`;
  if (answer?.status === 403) {
    connection.textContent = "You are logged out. Reload this page to log in.";
  } else if (table !== undefined && !live.contains(document.activeElement)) {
    live.innerHTML = table;
  }
  setTimeout(look, EVERY, live, connection);
}

const [live, connection] = ["live", "connection"].map((id) => document.getElementById(id));
if (live && connection) {
  setTimeout(look, EVERY, live, connection);
}
