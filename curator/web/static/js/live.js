// Keeps a page's parts up to date: from a stream ([data-events]) or by asking again ([data-poll] seconds).
// A part is replaced only when it changed, never while a menu in it is open, and keeps the focus where it was.

const root = document.querySelector("[data-events], [data-poll]");

function put(html) {
  for (const fresh of new DOMParser().parseFromString(html, "text/html").querySelectorAll("[data-part]")) {
    const part = document.querySelector(`[data-part="${CSS.escape(fresh.dataset.part)}"]`);
    if (!part || part.innerHTML.trim() === fresh.innerHTML.trim() || part.querySelector("details[open]")) continue;
    const focused = part.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    part.replaceChildren(...fresh.childNodes);
    if (focused) part.querySelector(focused)?.focus({ preventScroll: true });
  }
}

// How to find the same element in the new part: its id, or the address it leads to.
function keyOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const address = element.getAttribute("href");
  return address ? `[href="${CSS.escape(address)}"]` : null;
}

function listen(address) {
  const source = new EventSource(address);
  source.addEventListener("parts", (event) => put(event.data));
  source.addEventListener("over", () => source.close());
}

async function ask() {
  if (document.visibilityState !== "visible") return;
  try {
    const response = await fetch(location.href, { headers: { "X-By-Itself": "true" }, credentials: "same-origin", redirect: "error" });
    if (response.ok) put(await response.text());
  } catch {
    // The server is away or asks to sign in again: the numbers stay as they were, and the next try may go better.
  }
}

if (root?.dataset.events) listen(root.dataset.events);
if (root?.dataset.poll) setInterval(ask, Number(root.dataset.poll) * 1000);
