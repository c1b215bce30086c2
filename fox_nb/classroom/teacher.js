// Keeps the table of who spent what as it is now; what somebody is typing or pressing elsewhere stays as it is.
const live = document.getElementById("live");

async function look() {
  const answer = await fetch(live.dataset.from, { credentials: "same-origin" });
  if (answer.ok && !live.contains(document.activeElement)) {
    live.innerHTML = await answer.text();
  }
}

if (live) {
  setInterval(() => look().catch(() => undefined), 3000);
}
