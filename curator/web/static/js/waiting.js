// Asks for the rows whose page is still being read: those that can be seen, a few at a time. After a file with hundreds
// of links most rows wait, and a page that asked for each of them every second would be all the server does.

const EVERY = 1000;
const MOST = 6;

function isSeen(row) {
  const { top, bottom } = row.getBoundingClientRect();
  return bottom > 0 && top < window.innerHeight;
}

let turn = 0;

export function watchWaiting() {
  setInterval(() => {
    if (document.visibilityState !== "visible") return;
    const waiting = [...document.querySelectorAll(".find[aria-busy]:not(.htmx-request)")].filter(isSeen);
    const start = waiting.length > MOST ? turn % waiting.length : 0;
    for (const row of [...waiting.slice(start), ...waiting.slice(0, start)].slice(0, MOST)) globalThis.htmx?.trigger(row, "look");
    turn = start + MOST;
  }, EVERY);
}
