// Saves each field by itself a moment after the last key. Words stay in the browser until the server has them,
// and when two people changed the same field both texts are shown: nothing is overwritten, nothing is lost.

import { Refused, post, reasonOf } from "./post.js";

const PAUSE = 250;
const states = new WeakMap();
const open = new Set();
let base = "";
let listener = () => {};

export function startSaving(address, whenSaved) {
  base = address;
  listener = whenSaved;
  document.addEventListener("input", (event) => {
    if (event.target.dataset?.field && !event.target.dataset.side) changed(event.target);
  });
  addEventListener("pagehide", () => open.forEach((field) => send(field, { keepalive: true })));
  addEventListener("beforeunload", (event) => {
    if ([...open].some((field) => states.get(field).failed)) event.preventDefault();
  });
}

// Takes the fields under `root` into care; words a lost connection left in the browser are put back.
export function careFor(root) {
  let found = 0;
  for (const field of root.querySelectorAll("[data-field]")) {
    if (states.has(field)) continue; // carried over from before
    states.set(field, { saved: field.value, version: Number(field.dataset.version), timer: 0, busy: null, failed: false });
    const kept = recall(field);
    if (!kept || kept.value === field.value) continue;
    field.value = kept.value;
    states.get(field).version = kept.version;
    found += 1;
    changed(field);
  }
  return found;
}

// Before `from` is replaced by `to`: fields somebody is writing in move over as they are, with their conflict; a field
// whose item is gone leaves its words in `orphans`. Nothing that was typed depends on what the server sent.
export function carryOver(from, to) {
  const orphans = [];
  for (const field of from.querySelectorAll("[data-field]")) {
    const state = states.get(field);
    const isWritten = state && (open.has(field) || state.busy || state.conflict);
    if (!isWritten && field !== document.activeElement) continue;
    const fresh = to.querySelector(`[id="${field.id}"]`);
    if (!fresh && isWritten) orphans.push({ name: nameOf(field), words: field.value });
    if (!fresh) {
      clearTimeout(state?.timer);
      open.delete(field);
      continue;
    }
    if (!isWritten) takeServers(field, fresh.value, Number(fresh.dataset.version));
    fresh.replaceWith(field);
    if (state.conflict) (field.closest(".field") || field).after(state.view);
  }
  return orphans;
}

// Takes what the server has for a field nobody is writing in here; the cursor stays.
export function takeServers(field, value, version) {
  const state = states.get(field);
  if (!state || open.has(field) || state.busy || state.conflict || version < state.version) return false;
  state.version = version;
  if (field.value === value) return false;
  const { selectionStart, selectionEnd } = field;
  field.value = state.saved = value;
  if (field === document.activeElement) field.setSelectionRange(selectionStart, selectionEnd);
  return true;
}

const nameOf = (field) => field.closest(".item")?.querySelector(".item-title")?.value || "An item";

// Resolves when everything typed so far is saved, or cannot be for now.
export async function saveAll() {
  await Promise.all([...open].map((field) => send(field)));
}

function changed(field) {
  const state = states.get(field);
  if (!state || state.conflict) return keep(field);
  open.add(field);
  keep(field);
  say("Saving…");
  clearTimeout(state.timer);
  state.timer = setTimeout(() => send(field), PAUSE);
}

async function send(field, options = {}) {
  const state = states.get(field);
  clearTimeout(state.timer);
  if (state.conflict) return undefined;
  if (state.busy) return state.busy.then(() => (field.value === state.saved ? undefined : send(field)));
  if (field.value === state.saved) return settled(field);
  const value = field.value;
  const fields = { field: field.dataset.field, value, version: state.version };
  if (field.dataset.item) fields.item = field.dataset.item;
  state.busy = post(`${base}/save`, fields, options).then(
    (answer) => saved(field, value, answer),
    (error) => refused(field, error),
  );
  await state.busy;
  state.busy = null;
  if (!state.conflict && !state.failed && field.isConnected && field.value !== state.saved) return send(field);
  return undefined;
}

function saved(field, sent, answer) {
  const state = states.get(field);
  state.version = answer.version;
  state.failed = false;
  state.delay = 0;
  problem(field, "");
  if (field.value === sent) {
    // The server may have cleaned it (line ends, control characters); show that once the cursor is elsewhere.
    if (document.activeElement !== field) field.value = answer.value;
    else if (field.value !== answer.value) field.addEventListener("blur", () => { if (field.value === sent) field.value = answer.value; }, { once: true });
    state.saved = field.value;
    settled(field);
  } else state.saved = sent;
  listener(answer);
}

function settled(field) {
  open.delete(field);
  states.get(field).failed = false;
  problem(field, ""); // what was wrong may have been taken back, not saved
  forget(field);
  if (open.size) return;
  const isUndecided = document.querySelector(".compose-words .conflict"); // words beside it are in this browser only
  say(isUndecided ? "Two versions" : "Saved", Boolean(isUndecided));
}

function refused(field, error) {
  const state = states.get(field);
  if (error instanceof Refused && error.status === 409 && error.body.theirs !== undefined) return showConflict(field, error.body);
  if (error instanceof Refused && error.status < 500) {
    state.failed = true;
    problem(field, error.message);
    return say("Not saved", true);
  }
  state.failed = true;
  state.delay = Math.min(30000, (state.delay || 1000) * 2);
  say("Not saved; trying again. Your words are kept in this browser.", true);
  state.timer = setTimeout(() => { state.failed = false; send(field); }, state.delay);
  problem(field, error instanceof Refused ? reasonOf(error) : "");
  return undefined;
}

function showConflict(field, facts) {
  const state = states.get(field);
  state.conflict = facts;
  open.delete(field);
  say("Two versions", true);
  const view = document.getElementById("conflict-template").content.cloneNode(true).firstElementChild;
  view.querySelector(".conflict-message").textContent = facts.message;
  view.querySelector("[data-their-name]").textContent = facts.by ? `Theirs (${facts.by})` : "Theirs";
  view.querySelector('[data-side="mine"]').value = field.value;
  view.querySelector('[data-side="theirs"]').value = facts.theirs;
  view.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-keep]")?.dataset.keep;
    if (choice) resolve(field, view, choice);
  });
  state.view = view;
  (field.closest(".field") || field).after(view);
  document.dispatchEvent(new Event("conflict"));
}

function resolve(field, view, choice) {
  const state = states.get(field);
  const { theirs, version } = state.conflict;
  const isLine = field.tagName === "INPUT" || "single" in field.dataset;
  if (choice === "theirs") field.value = theirs;
  if (choice === "both") field.value = isLine ? `${field.value} / ${theirs}` : `${field.value}\n\n${theirs}`;
  state.conflict = state.view = null;
  state.saved = theirs;
  state.version = version;
  view.remove();
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  if (field.value === state.saved) settled(field);
}

function problem(field, message) {
  const id = `${field.id}-problem`;
  document.getElementById(id)?.remove();
  field.toggleAttribute("aria-invalid", Boolean(message));
  if (!message) return;
  const line = document.createElement("p");
  line.id = id;
  line.className = "error";
  line.setAttribute("role", "alert");
  line.textContent = message;
  field.after(line);
}

let quiet;
function say(words, isBad = false) {
  const place = document.getElementById("saved");
  clearTimeout(quiet);
  place.classList.toggle("is-bad", isBad);
  if (words === "Saving…") quiet = setTimeout(() => { if (open.size) place.textContent = words; }, 600);
  else if (place.textContent !== words) place.textContent = words;
}

const keyOf = (field) => `curator:${base}:${field.dataset.item || ""}:${field.dataset.field}`;

function keep(field) {
  const state = states.get(field);
  try {
    localStorage.setItem(keyOf(field), JSON.stringify({ value: field.value, version: state ? state.version : 0 }));
  } catch { /* full or refused: the server still gets it in a moment */ }
}

function forget(field) {
  try {
    localStorage.removeItem(keyOf(field));
  } catch { /* see keep */ }
}

function recall(field) {
  try {
    return JSON.parse(localStorage.getItem(keyOf(field)));
  } catch {
    return null;
  }
}
