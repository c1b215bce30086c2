// Keeps the table of who spent what as it is now; what somebody is typing or pressing elsewhere stays as it is.
const live = document.getElementById("live");
const connection = document.getElementById("connection");
const [EVERY, PATIENCE] = [3000, 10000]; // milliseconds
let since = "";

async function look() {
  const asked = { credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE) };
  const answer = await fetch(live.dataset.from, asked).catch(() => undefined);
  const table = answer?.ok ? await answer.text().catch(() => undefined) : undefined;
  since = table === undefined ? since || new Date().toTimeString().slice(0, 5) : "";
  connection.textContent = since && `Not connected since ${since}.`;
  if (answer?.status === 403) {
    connection.textContent = "You are logged out. Reload this page to log in.";
  } else if (table !== undefined && !live.contains(document.activeElement)) {
    live.innerHTML = table;
  }
  setTimeout(look, EVERY);
}

if (live) {
  setTimeout(look, EVERY);
}
