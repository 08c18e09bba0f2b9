// How scripts of the desk talk to the server: one form in, JSON or a part of a page out, problems said in words.

const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");

export class Refused extends Error {
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

// POSTs `fields` as a form. Resolves with the JSON answer; rejects with Refused, or TypeError when offline.
export function post(address, fields, options = {}) {
  return ask(address, { body: new URLSearchParams(fields), headers: { ...asking }, ...options });
}

// The same with a value sent as JSON.
export function send(address, value, options = {}) {
  return ask(address, { body: JSON.stringify(value), headers: { ...asking, "Content-Type": "application/json" }, ...options });
}

const asking = { ...headers, Accept: "application/json", "HX-Request": "true" };

// Names this page, as htmx does: where signing in leads back to, when that is what is answered.
const here = (options) => ({ ...options, headers: { ...options.headers, "HX-Current-URL": location.href } });

async function ask(address, options) {
  const response = await fetch(address, here({ method: "POST", credentials: "same-origin", ...options }));
  if (response.headers.get("HX-Redirect")) {
    location.assign(response.headers.get("HX-Redirect"));
    return new Promise(() => {});
  }
  const isJson = (response.headers.get("Content-Type") || "").startsWith("application/json");
  const body = isJson ? await response.json() : await response.text();
  if (response.ok) return body;
  throw new Refused(response.status, isJson ? body.message : wordsOf(body), body);
}

// GETs a part of a page as text.
export async function part(address, options = {}) {
  const response = await fetch(address, here({ headers: { "HX-Request": "true" }, credentials: "same-origin", ...options }));
  if (response.headers.get("HX-Redirect")) location.assign(response.headers.get("HX-Redirect"));
  const text = await response.text();
  if (!response.ok) throw new Refused(response.status, wordsOf(text), text);
  return text;
}

// Options of a `part` that no person asked for: it does not count as using the desk, so a page left open keeps nobody
// signed in.
export const byItself = { headers: { "HX-Request": "true", "X-By-Itself": "true" } };

// A message as notices show it.
export function noticeLine(message, kind = "bad") {
  const line = document.createElement("p");
  line.className = `notice ${kind}`;
  if (kind === "bad") line.setAttribute("role", "alert");
  line.textContent = message;
  return line;
}

// Puts a message where the page keeps its notices.
export function notice(message, kind = "bad") {
  const place = document.getElementById("notices");
  place.replaceChildren(noticeLine(message, kind), ...keptWords());
  place.scrollIntoView({ block: "nearest" });
}

// Words of the editor that have no field any more: they stay until the page goes.
const keptWords = () => document.querySelectorAll("#notices > .kept-words");

// What went wrong, for a person.
export function reasonOf(error) {
  return error instanceof Refused ? error.message : "The server does not answer. Nothing is lost; try again in a moment.";
}

// Whether a key press is text for a field, not a command for the page.
export function isTyping(event) {
  const target = event.target;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || Boolean(target.closest("dialog"));
}

function wordsOf(html) {
  return new DOMParser().parseFromString(html, "text/html").body.textContent.trim().slice(0, 500) || "Something went wrong.";
}
