// The rows of This week: which one is selected, what a row shows, rows that leave the list and come back.

import { part } from "./post.js";

export const base = location.pathname.replace(/\/$/, "");

export const list = () => document.getElementById("find-list");
export const rows = () => [...list().querySelectorAll(":scope > .find[data-article]")];
export const current = () => list().querySelector(":scope > .find.is-current");
export const rowOf = (article) => document.getElementById(`article-${article}`);
export const titleOf = (row) => row.querySelector(".find-title").textContent.trim();
export const othersOf = (row) => (row.dataset.others ? row.dataset.others.split(",").map(Number) : []);

// The row a key is meant for: in a list that has only just appeared, the one that is about to be selected.
export const meant = () => current() || rows()[0];

export function select(row, focus = true) {
  for (const other of list().querySelectorAll(".is-current")) {
    other.classList.remove("is-current");
    other.tabIndex = -1;
  }
  if (!row) {
    if (focus) document.querySelector(".finds-head [aria-current]")?.focus({ preventScroll: true }); // not lost to nowhere
    return;
  }
  row.classList.add("is-current");
  row.tabIndex = 0;
  if (focus) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest", behavior: "instant" });
  }
}

export function step(distance) {
  const at = current();
  if (!at) return select(distance > 0 ? rows()[0] : rows().at(-1));
  let next = distance > 0 ? at.nextElementSibling : at.previousElementSibling;
  while (next && !next.dataset.article) next = distance > 0 ? next.nextElementSibling : next.previousElementSibling;
  select(next || at);
}

export function neighbour(row) {
  const all = rows();
  const index = all.indexOf(row);
  return all[index + 1] || all[index - 1];
}

// Whether the list that is shown holds articles of this triage.
export function holds(state) {
  const show = list().dataset.show;
  return show === "candidates" ? state === "candidate" || state === "starred" : show === state;
}

export function paint(row, state) {
  row.dataset.triage = state;
  const star = row.querySelector(".star");
  if (!star) return;
  star.setAttribute("aria-pressed", String(state === "starred"));
  star.value = state === "starred" ? "candidate" : "starred";
}

const homes = new Map(); // of rows that left: the list they stood in and the row before them

// Takes a row out of the list; the selection goes to the next one.
export function leave(row, keepsSelection = true) {
  const follower = neighbour(row);
  const wasMeant = row === current() || row.contains(document.activeElement);
  homes.set(row.dataset.article, { row, home: list(), after: row.previousElementSibling });
  row.remove();
  if (wasMeant && keepsSelection) select(follower);
}

// Puts a row that left back where it stood; null when it never stood in the list that is shown.
export function comeBack(article) {
  const { row, home, after } = homes.get(String(article)) || {};
  if (!row || home !== list()) return null;
  homes.delete(String(article));
  if (after?.isConnected && after.parentElement === home) after.after(row);
  else home.prepend(row);
  return row;
}

// Shows an article as it is: in the list or not, whatever was shown until now. `state` is its triage.
export function settle(article, state) {
  const row = rowOf(article) || (holds(state) ? comeBack(article) : null);
  if (row) {
    paint(row, state);
    if (!holds(state)) leave(row);
  } else if (holds(state)) {
    fetchRow(article, true).then((fresh) => fresh && !rowOf(fresh.dataset.article) && list().prepend(fresh));
  }
  return row;
}

export function paintPlace(row, section) {
  row.dataset.place = section;
  row.classList.toggle("is-placed", Boolean(section));
  row.querySelector(".badge.place")?.remove();
  if (!section) return;
  let place = row.querySelector(".find-badges");
  if (!place) {
    place = document.createElement("p");
    place.className = "cluster find-badges";
    row.querySelector(".find-body").append(place);
  }
  const made = document.createElement("span");
  made.className = "badge good place";
  made.textContent = section;
  place.prepend(made);
}

// The row of an article as the server has it, or of the one that stands for its story.
export async function fetchRow(article, story = false) {
  const text = await part(`${base}/articles/${article}${story ? "?story=true" : ""}`);
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector(".find");
  if (fresh) document.adoptNode(fresh);
  return fresh;
}

export async function replaceRow(row, article, story = false) {
  const fresh = await fetchRow(article, story);
  if (!fresh || !row.isConnected) return;
  const wasCurrent = row === current();
  const reason = row.querySelector(".reason"); // the server gives it with a whole list only
  if (reason && !fresh.querySelector(".reason")) fresh.querySelector(".find-facts").append(reason);
  fresh.querySelector(".others")?.toggleAttribute("open", row.querySelector(".others")?.open ?? false);
  if (fresh.id !== row.id) rowOf(fresh.dataset.article)?.remove();
  row.replaceWith(fresh);
  globalThis.htmx?.process(fresh);
  if (wasCurrent) select(fresh, false);
}

export function countAll(counts) {
  for (const [name, count] of Object.entries(counts || {})) {
    const place = document.querySelector(`[data-count="${name}"]`);
    if (place) place.textContent = String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  }
}
