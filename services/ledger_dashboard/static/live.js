// What changes in the ledger is fetched again and put in place. Without this the pages work all the same.
const QUIET_MS = 250;
const POLL_MS = 15000;
const main = document.querySelector("main[data-live]");
const liveness = document.getElementById("liveness");
let waiting = null;
let fetching = false;
let again = false;

function isBusy(part) {
  const active = document.activeElement;
  const typed = part.querySelector("[data-typed]") || part.querySelector("input:checked[name=id]");
  return typed || (active && active !== document.body && part.contains(active) && active.matches("input, textarea, select"));
}

async function refresh() {
  if (fetching) { again = true; return; }
  fetching = true;
  try {
    const response = await fetch(location.href, { headers: { "X-Refresh": "1" }, redirect: "manual" });
    if (response.type === "opaqueredirect") { liveness.textContent = "Your session ended: reload to sign in again."; return; }
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const part of main.querySelectorAll("[data-part]")) {
      const next = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
      if (next && next.innerHTML !== part.innerHTML && !isBusy(part)) {
        part.replaceChildren(...next.childNodes);
      }
    }
  } finally {
    fetching = false;
    if (again) { again = false; soon(); }
  }
}

function soon() {
  if (waiting || document.hidden) { again = again || document.hidden; return; }
  waiting = setTimeout(() => { waiting = null; refresh(); }, QUIET_MS);
}

document.addEventListener("input", (event) => event.target.setAttribute("data-typed", ""));
document.addEventListener("visibilitychange", () => { if (!document.hidden && again) { again = false; soon(); } });

if (main) {
  let polling = null;
  const source = new EventSource("/events");
  source.addEventListener("changed", soon);
  source.addEventListener("open", () => {
    liveness.textContent = "Live.";
    clearInterval(polling);
    polling = null;
    soon();
  });
  source.addEventListener("error", () => {
    liveness.textContent = "Not live: looking every 15 seconds.";
    polling = polling || setInterval(soon, POLL_MS);
  });
}
