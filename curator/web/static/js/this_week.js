// Triage by keyboard and mouse. The page changes at once; the server is told behind it, in order, and undo brings back.

import { isTyping, notice, post, reasonOf } from "./post.js";

const base = location.pathname.replace(/\/$/, "");
const undone = []; // what can be undone, newest last
let telling = Promise.resolve(); // one request after another, so that undo never overtakes what it undoes

const list = () => document.getElementById("find-list");
const rows = () => [...list().querySelectorAll(":scope > .find:not(.is-leaving)")];
const current = () => list().querySelector(":scope > .find.is-current:not(.is-leaving)");

function select(row, focus = true) {
  for (const other of list().querySelectorAll(".is-current")) {
    other.classList.remove("is-current");
    other.tabIndex = -1;
  }
  if (!row) return;
  row.classList.add("is-current");
  row.tabIndex = 0;
  if (focus) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest", behavior: "instant" });
  }
}

function step(distance) {
  const all = rows();
  const index = all.indexOf(current());
  const next = index < 0 ? (distance > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, index + distance));
  select(all[next]);
}

function neighbour(row) {
  const all = rows();
  const index = all.indexOf(row);
  return all[index + 1] || all[index - 1];
}

// Which triage states the list that is shown holds.
function holds(state) {
  const show = list().dataset.show;
  return show === "candidates" ? state === "candidate" || state === "starred" : show === state;
}

function paint(row, state) {
  row.dataset.triage = state;
  const star = row.querySelector(".star");
  if (!star) return;
  star.setAttribute("aria-pressed", String(state === "starred"));
  star.value = state === "starred" ? "candidate" : "starred";
}

function tell(address, fields, revert) {
  const told = telling.then(() => post(address, fields));
  telling = told.catch(() => {});
  return told.catch((error) => {
    revert();
    notice(reasonOf(error));
    return null;
  });
}

function countAll(counts) {
  for (const [name, count] of Object.entries(counts || {})) {
    const place = document.querySelector(`[data-count="${name}"]`);
    if (place) place.textContent = String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  }
}

const words = { starred: "Starred", dismissed: "Dismissed", later: "Kept for later", candidate: "Back among the candidates" };

function triage(row, state, remember = true) {
  const before = row.dataset.triage;
  if (before === state) return;
  const title = row.querySelector(".find-title").textContent.trim();
  const leaves = !holds(state);
  const follower = neighbour(row);
  const wasCurrent = row === current() || row.contains(document.activeElement);
  paint(row, state);
  const place = leaves ? leave(row) : null;
  if (leaves && wasCurrent) select(follower);
  const revert = () => {
    paint(row, before);
    if (place) place.comeBack();
    select(row);
  };
  if (remember) {
    undone.push({ undo: () => { revert(); tellTriage(row, before, () => {}); }, title });
    toast(`${words[state]}: ${title}`);
  }
  tellTriage(row, state, () => { undone.pop(); revert(); });
}

function tellTriage(row, state, revert) {
  return tell(`${base}/articles/${row.dataset.article}/triage`, { triage: state }, revert).then((answer) => countAll(answer?.counts));
}

// Takes a row out, remembering between which others it stood.
function leave(row) {
  const after = row.previousElementSibling;
  const home = list();
  row.remove();
  return {
    comeBack() {
      if (!home.isConnected) return;
      if (after && after.isConnected) after.after(row);
      else home.prepend(row);
    },
  };
}

async function place(row, sectionId, name) {
  const title = row.querySelector(".find-title").textContent.trim();
  row.classList.add("is-placed");
  for (const menu of row.querySelectorAll("details[open]")) menu.open = false;
  toast(`In ${name}: ${title}`, false);
  if (row === current()) select(neighbour(row) || row);
  const answer = await tell(`${base}/articles/${row.dataset.article}/place`, { section_id: sectionId }, () => row.classList.remove("is-placed"));
  if (!answer) return hideToast();
  document.getElementById("draft").innerHTML = answer.draft;
  badge(row, answer.section);
  if (!answer.revision) return toast(`${title} is in ${answer.section} already`, false);
  undone.push({
    title,
    undo: async () => {
      const back = await tell(`${base}/issues/${answer.issue}/restore/${answer.revision}`, {}, () => {});
      if (!back) return;
      document.getElementById("draft").innerHTML = await (await fetch(`${base}/draft`)).text();
      await refreshRow(row);
    },
  });
  toast(`In ${answer.section}: ${title}`);
}

function badge(row, section) {
  row.querySelector(".badge.good")?.remove();
  let place = row.querySelector(".find-badges");
  if (!place) {
    place = document.createElement("p");
    place.className = "cluster find-badges";
    row.querySelector(".find-body").append(place);
  }
  const made = document.createElement("span");
  made.className = "badge good";
  made.textContent = `in ${section}`;
  place.prepend(made);
}

async function refreshRow(row) {
  const wasCurrent = row === current();
  const text = await (await fetch(`${base}/articles/${row.dataset.article}`)).text();
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector(".find");
  if (!fresh) return;
  row.replaceWith(fresh);
  globalThis.htmx?.process(fresh);
  if (wasCurrent) select(fresh);
}

let toastTimer;
function toast(message, undo = true) {
  const box = document.getElementById("toast");
  box.querySelector("span").textContent = message;
  box.querySelector("button").hidden = !undo;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(hideToast, 7000);
}

function hideToast() {
  document.getElementById("toast").hidden = true;
}

function undo() {
  const last = undone.pop();
  if (!last) return toast("There is nothing to undo", false);
  toast(`Undone: ${last.title}`, false);
  last.undo();
}

function placeByNumber(number) {
  const row = current();
  const sections = [...document.querySelectorAll("#draft [data-section]")];
  if (!row) return;
  if (!sections.length) return notice("There is no draft to put it in. Make a new issue first.", "warn");
  const section = sections[number - 1];
  if (!section) return toast(`The draft has ${sections.length} sections`, false);
  place(row, section.dataset.section, section.dataset.name);
}

const commands = {
  j: () => step(1),
  k: () => step(-1),
  s: (row) => row && triage(row, row.dataset.triage === "starred" ? "candidate" : "starred"),
  x: (row) => row && triage(row, row.dataset.triage === "dismissed" ? "candidate" : "dismissed"),
  l: (row) => row && triage(row, row.dataset.triage === "later" ? "candidate" : "later"),
  u: () => undo(),
  o: (row) => row?.querySelector(".find-title a")?.click(),
  c: () => document.getElementById("words")?.focus(),
  g: () => document.querySelector("#draft [data-draft]")?.click(),
  "/": () => document.getElementById("q")?.focus(),
  "?": () => document.getElementById("help").showModal(),
};
const mayEdit = Boolean(document.getElementById("words"));
const readsOnly = new Set(["j", "k", "o", "g", "/", "?"]);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && /^(words|q)$/.test(event.target.id)) return void (event.target.blur(), select(current() || rows()[0]));
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^[1-9]$/.test(event.key) && mayEdit) {
    event.preventDefault();
    return placeByNumber(Number(event.key));
  }
  const command = commands[event.key];
  if (!command || (!mayEdit && !readsOnly.has(event.key))) return;
  event.preventDefault();
  command(current());
});

// The buttons of a row are forms; with a script they do the same without leaving the page.
document.addEventListener("submit", (event) => {
  const row = event.target.closest(".find[data-article]");
  if (!row || !event.submitter) return;
  const { name, value } = event.submitter;
  if (name === "triage") triage(row, value);
  else if (name === "section_id") place(row, value, event.submitter.lastChild.textContent.trim());
  else return;
  event.preventDefault();
  if (row.isConnected) select(row, false);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-undo]")) return undo();
  const opener = event.target.closest("[data-open]");
  if (opener) return document.getElementById(opener.dataset.open).showModal();
  if (event.target.closest("[data-dismiss-row]")) return void setTimeout(() => event.target.closest(".maybe-feed")?.remove(), 0);
  const row = event.target.closest("#find-list > .find[data-article]");
  if (row && !event.target.closest("a, button, summary, details")) select(row);
});

document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("#find-list > .find[data-article]");
  if (row && row !== current()) select(row, false);
});

// The capture box grows with what is pasted; Enter takes an address, Ctrl+Enter takes text.
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
    taken = box.value;
    if (box.value.length <= 400000) return;
    event.preventDefault();
    notice(`That is ${box.value.length.toLocaleString("en")} characters; an article has at most 400,000. Paste only the article, or its address.`);
  });
  box.form.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== box.form || !event.detail.successful || box.value !== taken) return; // the next is typed already
    box.value = "";
    grow();
  });
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id !== "q" && !event.target.closest?.("#notices")) document.getElementById("notices").replaceChildren();
});
document.addEventListener("htmx:sendError", () => notice("The server does not answer. Nothing is lost; try again in a moment."));

// A row that fetched itself again keeps being the selected one.
let refetched = "";
document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  refetched = target?.classList?.contains("is-current") ? target.id : "";
});
document.addEventListener("htmx:afterSettle", () => {
  if (refetched) select(document.getElementById(refetched), false);
  else if (!current() && rows().length) select(rows()[0], false);
  refetched = "";
});

const wanted = location.hash.startsWith("#article-") ? document.getElementById(location.hash.slice(1)) : null;
select(wanted || rows()[0], Boolean(wanted));
