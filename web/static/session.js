// Announces the end of the session two minutes ahead, with a button to go on. Without it the time still stands in the footer.
"use strict";

const line = document.getElementById("session-end");
const warning = document.getElementById("session-warning");
const AHEAD = 120;

function watch(seconds) {
  warning.hidden = true;
  window.setTimeout(() => {
    warning.hidden = false;
  }, Math.max(seconds - AHEAD, 0) * 1000);
}

if (line && warning) {
  watch(Number(line.dataset.lasts));
  document.getElementById("session-continue").addEventListener("click", async () => {
    const answer = await fetch("/session/continue", {
      method: "POST",
      credentials: "same-origin",
      headers: { Accept: "application/json", "X-CSRF-Token": line.dataset.token },
    });
    if (answer.ok) {
      watch((await answer.json()).lasts);
    } else {
      window.location.reload();
    }
  });
}
