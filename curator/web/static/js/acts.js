// What an editor does to a row: shown at once, told to the server behind it, undone step by step. The server's answer
// is only noticed when it is another one than the page showed.

import { ActQueue } from "./act_queue.js";
import { reasonOf } from "./post.js";
import { base, comeBack, countAll, current, holds, leave, neighbour, othersOf, paint, paintPlace, replaceRow, rowOf, rows, select, settle, titleOf } from "./rows.js";

const form = document.getElementById("act");
const MOST_UNDO = 50;
const words = { starred: "Starred", dismissed: "Dismissed", later: "Kept for later", candidate: "Back among the candidates" };

const queue = new ActQueue(`curator-acts:${form?.dataset.user}:${base}`, `${base}/acts`, { onAnswer, onDropped, onState });
const reverts = new Map(); // how the page goes back, by the key of an act
let undoable = remembered(); // {key, article, title, kind}, newest last

export function triage(row, state) {
  const before = row.dataset.triage;
  if (before === state) return;
  const article = Number(row.dataset.article);
  const others = state === "dismissed" || state === "later" ? othersOf(row) : [];
  const entry = queue.push({ kind: "triage", article, value: state, seen: before, others }, { state, before, title: titleOf(row) });
  settle(article, state);
  can(entry, () => {
    const back = settle(article, before);
    if (back) select(back);
  });
  toast(`${words[state]}: ${titleOf(row)}${others.length ? ` and ${others.length} of the same story` : ""}`);
}

export function place(row, sectionId, name) {
  const article = Number(row.dataset.article);
  const before = row.dataset.place;
  const entry = queue.push({ kind: "place", article, value: String(sectionId), seen: before }, { place: name, before, title: titleOf(row) });
  paintPlace(row, name);
  if (row === current()) select(neighbour(row) || row);
  can(entry, () => paintPlace(row, before));
  toast(`Placed in “${name}”: ${titleOf(row)}`);
}

export function mute(row) {
  const source = row.dataset.source;
  if (!source) return toast("It came from no source that is watched, so there is nothing to mute", false);
  const site = row.querySelector(".find-facts bdi")?.textContent || "its source";
  const entry = queue.push({ kind: "mute", article: Number(row.dataset.article) }, { source, title: site });
  const gone = hideSource(source);
  can(entry, () => gone.toReversed().forEach((article) => comeBack(article)));
  toast(`Muted ${site}: ${gone.length} candidates less. Sources has the way back`);
}

// Another article of the story stands for it from now on.
export function choose(row, other) {
  const line = row.querySelector(`[data-other="${other}"]`);
  const entry = queue.push({ kind: "choose", article: Number(other) }, { row: row.dataset.article, title: line.querySelector(".other-title").textContent.trim() });
  line.classList.add("is-chosen");
  can(entry, () => line.classList.remove("is-chosen"));
  toast(`Shown from now on: ${entry.local.title}`);
}

// It tells another story than the row it stands behind.
export function setApart(row, other) {
  const line = row.querySelector(`[data-other="${other}"]`);
  const title = line.querySelector(".other-title").textContent.trim();
  const others = [Number(row.dataset.article), ...othersOf(row)].filter((article) => article !== Number(other));
  const entry = queue.push({ kind: "apart", article: Number(other), others }, { row: row.dataset.article, title });
  const next = line.nextElementSibling;
  const parent = line.parentElement;
  hideOther(row, other);
  can(entry, () => {
    row.dataset.others = [...othersOf(row), other].join(",");
    parent.insertBefore(line, next?.parentElement === parent ? next : null);
    parent.closest(".others").hidden = false;
  });
  toast(`Another story: ${title}`);
}

export function undo() {
  const last = undoable.pop();
  remember();
  if (!last) return toast("There is nothing to undo", false);
  queue.push({ kind: "undo", article: last.article, value: last.key }, { ...last, undoes: last.kind });
  reverts.get(last.key)?.();
  toast(`Undone: ${last.title}`, false);
}

// After a reload, or in a list that was loaded while acts were waiting: what they do is shown again.
export function showWaiting() {
  for (const { act, local } of queue.entries()) {
    const row = rowOf(act.article);
    if (act.kind === "triage" && row) settle(act.article, act.value);
    if (act.kind === "place" && row) paintPlace(row, local.place);
    if (act.kind === "mute") hideSource(local.source);
    if (act.kind === "apart" && rowOf(local.row)) hideOther(rowOf(local.row), act.article);
    if (act.kind === "undo" && row && local.undoes === "triage") settle(act.article, local.before);
    if (act.kind === "undo" && row && local.undoes === "place") paintPlace(row, local.before);
  }
}

export const startSending = () => queue.flush();

function onAnswer({ act, local }, answer, body) {
  countAll(body.counts);
  if (body.draft) document.getElementById("draft").innerHTML = body.draft;
  if (answer.outcome === "conflict" || answer.outcome === "refused") return tellRefusal(act, local, answer);
  const kind = act.kind === "undo" ? local.undoes : act.kind;
  const isLast = !queue.entries().some((other) => other.act.article === act.article);
  if (kind === "triage" && act.kind === "undo" && isLast) settle(act.article, answer.articles[act.article]);
  if (kind === "place" && isLast && rowOf(act.article)) paintPlace(rowOf(act.article), answer.place ?? "");
  if (kind === "mute") refreshSources();
  if (kind === "choose" || kind === "apart") refreshStory(act, local, answer.articles[act.article]);
}

// Both rows as the server has them now: the one that stands for the story, and the one that does not belong to it.
function refreshStory(act, local, state) {
  const row = rowOf(local.row) || rowOf(act.article);
  if (!row) return;
  if (act.kind === "apart") {
    replaceRow(row, local.row);
    settle(act.article, state);
  } else {
    if (local.undoes === "apart") rowOf(act.article)?.remove();
    replaceRow(row, local.row, true);
  }
}

function onDropped({ act, local }, error) {
  tellRefusal(act, local, { outcome: "refused", message: reasonOf(error), articles: {} });
}

function tellRefusal(act, local, answer) {
  const built = queue.drop((entry) => entry.act.article === act.article);
  for (const one of [{ act }, ...built]) forget(one.act.kind === "undo" ? one.act.value : one.act.key);
  if (act.kind !== "undo") reverts.get(act.key)?.();
  const state = answer.articles[act.article];
  if (state) settle(act.article, state);
  if (answer.place !== null && rowOf(act.article)) paintPlace(rowOf(act.article), answer.place ?? local.before ?? "");
  if (answer.outcome === "refused") return void say(`${local.title}: ${answer.message}`, "bad");
  const at = answer.at ? ` at ${new Date(answer.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}` : "";
  const line = say(`${answer.by || "Somebody"} ${answer.message}${at}: ${local.title}. It stays so.`, "warn");
  if (act.kind === "triage" || act.kind === "place") offerAnyway(line, act, local);
}

// Several may come at once, when a connection is back: none hides another.
function say(message, kind) {
  const line = document.createElement("p");
  line.className = `notice ${kind}`;
  line.textContent = message;
  const place = document.getElementById("notices");
  place.append(line);
  while (place.children.length > 6) place.firstChild.remove();
  place.scrollIntoView({ block: "nearest" });
  return line;
}

function offerAnyway(line, act, local) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.textContent = act.kind === "place" ? `Put it in ${local.place} all the same` : `${words[act.value]} all the same`;
  button.addEventListener("click", () => {
    const { key, seen, ...again } = act;
    const entry = queue.push(again, local);
    if (act.kind === "triage") settle(act.article, act.value);
    can(entry, () => {});
    line.remove();
  });
  line.append(" ", button);
}

function onState(state, count) {
  const place = document.getElementById("queue-state");
  const changes = `${count} change${count === 1 ? "" : "s"}`;
  const said = {
    saved: "Everything is saved",
    saving: `Saving ${changes}…`,
    waiting: `${changes} waiting for the connection`,
    kept: `${changes} kept: load the page again to save them`,
  };
  place.dataset.state = state;
  place.textContent = said[state];
  place.hidden = !count && state !== "saved";
  if (state === "saved") setTimeout(() => place.dataset.state === "saved" && (place.hidden = true), 4000);
}

function hideSource(source) {
  const gone = rows().filter((row) => row.dataset.source === String(source) && row.dataset.triage === "candidate" && holds("candidate"));
  const follower = rows().find((row) => !gone.includes(row));
  for (const row of gone) leave(row, false);
  if (!current()) select(follower);
  return gone.map((row) => row.dataset.article);
}

function hideOther(row, other) {
  const left = othersOf(row).filter((article) => article !== Number(other));
  row.dataset.others = left.join(",");
  const line = row.querySelector(`[data-other="${other}"]`);
  line?.remove();
  if (!left.length) row.querySelector(".others").hidden = true;
}

function refreshSources() {
  if (document.getElementById("sources")) globalThis.htmx?.ajax("GET", `${base}/sources`, "#sources");
}

function can(entry, revert) {
  reverts.set(entry.act.key, revert);
  const { before, title, source, row } = entry.local;
  undoable = [...undoable, { key: entry.act.key, article: entry.act.article, kind: entry.act.kind, title, before, source, row }].slice(-MOST_UNDO);
  remember();
}

function forget(key) {
  undoable = undoable.filter((one) => one.key !== key);
  remember();
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(`curator-undo:${base}`) || "[]");
  } catch {
    return [];
  }
}

function remember() {
  try {
    sessionStorage.setItem(`curator-undo:${base}`, JSON.stringify(undoable));
  } catch {
    // Then a reload forgets what could be undone.
  }
}

let toastTimer;
export function toast(message, isUndoable = true) {
  const box = document.getElementById("toast");
  box.querySelector("span").textContent = message;
  box.querySelector("button").hidden = !isUndoable;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (box.hidden = true), 7000);
}
