// This week by keyboard and mouse: keys and buttons become acts on rows (acts.js); the capture box; lists that change.

import { choose, mute, place, setApart, showWaiting, startSending, toast, triage, undo } from "./acts.js";
import { isTyping, notice } from "./post.js";
import { countAll, current, list, meant, rows, select, step } from "./rows.js";
import { watchWaiting } from "./waiting.js";

const sections = () => [...document.querySelectorAll("#draft [data-section]")];

function placeByNumber(number) {
  const row = meant();
  if (!row) return;
  if (!sections().length) return notice("There is no draft to put it in. Make a new issue first.", "warn");
  const section = sections()[number - 1];
  if (!section) return toast(`The draft has ${sections().length} sections`, false);
  place(row, section.dataset.section, section.dataset.name);
}

const commands = {
  j: () => step(1),
  k: () => step(-1),
  s: (row) => row && triage(row, row.dataset.triage === "starred" ? "candidate" : "starred"),
  x: (row) => row && triage(row, row.dataset.triage === "dismissed" ? "candidate" : "dismissed"),
  l: (row) => row && triage(row, row.dataset.triage === "later" || row.dataset.triage === "expired" ? "candidate" : "later"),
  m: (row) => row && mute(row),
  u: () => undo(),
  e: (row) => row?.querySelector(".others:not([hidden])")?.toggleAttribute("open"),
  o: (row) => row?.querySelector(".find-title a")?.click(),
  c: () => document.getElementById("words")?.focus(),
  g: () => document.querySelector("#draft [data-draft]")?.click(),
  "/": () => document.getElementById("q")?.focus(),
};
// What a key means: on a keyboard of another script the letter j is where j is printed, and a digit is the key of the
// digit where Shift would be needed for it (French); Caps Lock changes nothing.
function meaningOf(event) {
  const [, digit] = (!event.shiftKey && /^Digit([1-9])$/.exec(event.code)) || [];
  const [, letter] = (!/^[ -~]*$/.test(event.key) && /^Key([A-Z])$/.exec(event.code)) || [];
  return digit || (letter || (event.getModifierState("CapsLock") ? event.key : "")).toLowerCase() || event.key;
}

const mayEdit = Boolean(document.getElementById("words"));
const readsOnly = new Set(["j", "k", "e", "o", "g", "/"]);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !menu.hidden) return closeMenu(true);
  if (event.key === "Escape" && /^(words|q)$/.test(event.target.id)) {
    event.preventDefault(); // some browsers empty a search box, and the list that was found would be gone
    event.target.blur();
    return select(meant());
  }
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = meaningOf(event);
  if (/^[1-9]$/.test(key) && mayEdit) {
    event.preventDefault();
    closeMenu(false);
    return placeByNumber(Number(key));
  }
  const command = commands[key];
  if (!command || (!mayEdit && !readsOnly.has(key))) return;
  event.preventDefault();
  command(meant());
});

// The buttons of the rows belong to one form; with a script they do the same without leaving the page.
document.addEventListener("submit", (event) => {
  const row = event.submitter?.closest(".find[data-article]");
  if (event.target.id !== "act" || !row) return;
  const [, other, verb] = /\/articles\/(\d+)\/(\w+)/.exec(event.submitter.formAction) || [];
  const does = {
    triage: () => triage(row, event.submitter.value),
    place: () => openMenu(row, event.submitter),
    mute: () => mute(row),
    choose: () => choose(row, other),
    apart: () => setApart(row, other),
    read: () => globalThis.htmx.ajax("POST", event.submitter.formAction, { target: row, swap: "outerHTML", source: row }),
  }[verb];
  if (!does) return;
  event.preventDefault();
  if (row.isConnected) select(row, false);
  does();
});

// One menu of sections for all rows: it moves to the row it was opened on.
const menu = document.getElementById("place-menu");

function openMenu(row, opener) {
  if (!sections().length) return notice("There is no draft to put it in. Make a new issue first.", "warn");
  menu.replaceChildren(...sections().map((section, index) => {
    const item = document.createElement("button");
    item.type = "button";
    item.className = "menu-button";
    item.setAttribute("role", "menuitem");
    item.innerHTML = "<kbd></kbd> <span></span>";
    item.firstChild.textContent = index + 1;
    item.lastChild.textContent = section.dataset.name;
    item.addEventListener("click", () => {
      closeMenu(false);
      place(row, section.dataset.section, section.dataset.name);
    });
    return item;
  }));
  opener.after(menu);
  menu.hidden = false;
  menu.firstChild.focus({ preventScroll: true });
  menu.scrollIntoView({ block: "nearest" });
}

function closeMenu(refocus) {
  if (menu.hidden) return;
  menu.hidden = true;
  if (refocus) menu.previousElementSibling?.focus();
  document.body.append(menu);
}

menu.addEventListener("keydown", (event) => {
  const items = [...menu.children];
  const next = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!next) return;
  event.preventDefault();
  items.at((items.indexOf(document.activeElement) + next) % items.length).focus();
});

document.addEventListener("click", (event) => {
  if (!menu.hidden && !menu.contains(event.target) && !event.target.closest("[formaction$='/place']")) closeMenu(false);
  if (event.target.closest("[data-undo]")) return undo();
  if (event.target.closest("[data-dismiss-row]")) return void setTimeout(() => event.target.closest(".maybe-feed")?.remove(), 0);
  const row = event.target.closest("#find-list > .find[data-article]");
  if (row && row !== current()) select(row, !event.target.closest("a, button, summary, details"));
});

// A row that is selected shows more of its quote. Under a finger that would move the button between down and up, so a
// press selects when it is over.
let isPressed = false;
addEventListener("pointerdown", () => (isPressed = true), true);
for (const over of ["pointerup", "pointercancel"]) addEventListener(over, () => setTimeout(() => (isPressed = false), 300), true);

document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("#find-list > .find[data-article]");
  if (row && row !== current() && !isPressed) select(row, false);
});

// The capture box grows with what is pasted; Enter takes an address, Ctrl+Enter takes text. It is empty for the next as
// soon as it is sent, and has its words back when the server did not take them.
const box = document.getElementById("words");
if (box) {
  const grow = () => {
    box.rows = Math.min(12, Math.max(1, box.value.split("\n", 12).length));
    box.classList.toggle("is-long", box.value.length > 200);
  };
  let taken = "";
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    if (event.ctrlKey || event.metaKey || !box.value.trim().includes("\n") && box.value.length < 2000) {
      event.preventDefault();
      box.form.requestSubmit();
    }
  });
  box.form.addEventListener("htmx:beforeRequest", (event) => {
    if (box.value.length <= 400000) {
      taken = box.value;
      box.value = "";
      return grow();
    }
    event.preventDefault();
    notice(`That is ${box.value.length.toLocaleString("en")} characters; an article has at most 400,000. Paste only the article, or its address.`);
  });
  box.form.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== box.form || event.detail.successful) return;
    box.value = box.value ? `${taken}\n\n${box.value}` : taken; // the next may be typed already
    grow();
  });
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id !== "q" && !event.target.closest?.("#notices")) document.getElementById("notices").replaceChildren();
});
document.addEventListener("counted", (event) => countAll(event.detail));
document.addEventListener("htmx:sendError", () => notice("The server does not answer. Nothing is lost; try again in a moment."));

// A row that fetched itself again keeps being the selected one.
let refetched = "";
let shown = list();
let isRest = false; // of a list that came in two parts, the second
document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  refetched = target?.classList?.contains("is-current") ? target.id : "";
  isRest = target?.id === "find-rest";
});
document.addEventListener("htmx:afterSettle", () => {
  if (list() !== shown || isRest) showWaiting();
  shown = list();
  isRest = false;
  selectWanted();
  if (refetched) select(document.getElementById(refetched), false);
  else if (!current() && rows().length) select(rows()[0], false);
  refetched = "";
});

// The row an address names, as soon as it is there.
let wanted = location.hash.startsWith("#article-") ? location.hash.slice(1) : "";
function selectWanted() {
  const row = wanted && document.getElementById(wanted);
  if (!row) return;
  wanted = "";
  select(row);
}
select(rows()[0], false);
selectWanted();
showWaiting();
startSending();
watchWaiting();
