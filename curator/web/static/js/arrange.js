// Arranging items: by drag, by Alt+Up and Alt+Down, by buttons. Each move is told to the server, announced, undoable.

import Sortable from "../vendor/sortable.esm.js";
import { careFor, carryOver, saveAll, takeServers } from "./autosave.js";
import { Refused, byItself, isTyping, notice, noticeLine, part, post, reasonOf } from "./post.js";

const undone = [];
let arrangement = []; // as the server has it: the items of each section
let round = 0; // of moves; one that fails takes those with it that were made on top of it
let base = "";
let listener = () => {};
const root = () => document.getElementById("sections");

export function startArranging(address, whenArranged) {
  base = address;
  listener = whenArranged;
  prepare();
  document.addEventListener("keydown", (event) => {
    if (event.key === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !isTyping(event)) {
      event.preventDefault();
      undo();
    }
    const item = event.target.closest?.(".item");
    if (!item || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    step(item, event.key === "ArrowUp" ? -1 : 1);
  });
  document.addEventListener("submit", onSubmit);
  document.getElementById("undo").addEventListener("click", undo);
}

function prepare() {
  for (const list of root().querySelectorAll("[data-items]")) {
    Sortable.create(list, {
      group: "items",
      handle: ".item-grip",
      animation: 160,
      forceFallback: true, // pointer events: the same with mouse, pen and finger
      fallbackOnBody: true,
      fallbackTolerance: 4,
      ghostClass: "is-ghost",
      dragClass: "is-dragged",
      onEnd: ({ item, from, to, oldIndex, newIndex }) => {
        if (from !== to || oldIndex !== newIndex) tellMove(item);
      },
    });
  }
  arrangement = arranged();
  count();
}

const arranged = () => [...root().querySelectorAll("[data-items]")].map((list) => [list, [...list.children]]);

// Shows what the server has again, where an item was moved or removed that it never heard of.
function putBack() {
  const focused = document.activeElement;
  for (const [list, items] of arrangement) {
    if (items.every((item, index) => list.children[index] === item) && list.children.length === items.length) continue;
    list.replaceChildren(...items);
  }
  if (focused?.isConnected) focused.focus({ preventScroll: true });
  count();
}

// Fetches the sections anew. What is being typed is saved first; what is typed meanwhile stays, and so does the cursor.
export async function reload(focusOn) {
  await saveAll();
  const fresh = document.createElement("template");
  fresh.innerHTML = await part(`${base}/composer`, byItself);
  const focused = document.activeElement;
  const { id, selectionStart, selectionEnd } = focused;
  for (const part of root().querySelectorAll(".item-more, .item-talk")) {
    const same = fresh.content.querySelector(`[id="${part.closest(".item").id}"] .${part.className}`);
    const isNews = same?.firstElementChild.textContent !== part.firstElementChild.textContent;
    if (part.open || !isNews) same?.toggleAttribute("open", part.open);
  }
  const orphans = [];
  for (const draft of root().querySelectorAll("[data-draft]")) {
    const same = fresh.content.querySelector(`[id="${draft.id}"]`);
    if (same) same.value = draft.value;
    else if (draft.value.trim()) orphans.push({ name: nameOf(draft.closest(".item")), words: draft.value });
  }
  const wasHere = root().contains(focused);
  orphans.push(...carryOver(root(), fresh.content));
  root().replaceChildren(fresh.content);
  careFor(root());
  prepare();
  if (wasHere && id && !focusOn) {
    const again = document.getElementById(id);
    again?.focus({ preventScroll: true });
    if (again?.setSelectionRange && selectionStart != null) again.setSelectionRange(selectionStart, selectionEnd);
  }
  for (const orphan of orphans) rescue(orphan);
  for (const field of root().querySelectorAll("[data-grow]")) field.dispatchEvent(new Event("grow"));
  document.dispatchEvent(new Event("composer"));
  const next = focusOn && document.getElementById(focusOn);
  next?.focus({ preventScroll: true });
  if (root().contains(next)) next.scrollIntoView({ block: "nearest" });
}

// Somebody removed the item this was written for: the words stay on the page, to be copied.
function rescue({ name, words }) {
  const told = noticeLine(`“${name}” was removed by somebody else while you were writing. These were your words:`);
  const kept = document.createElement("textarea");
  kept.readOnly = true;
  kept.rows = 4;
  kept.className = "rescued";
  kept.setAttribute("aria-label", `Your words for ${name}`);
  kept.value = words;
  const both = document.createElement("div");
  both.className = "kept-words";
  both.append(told, kept);
  document.getElementById("notices").append(both);
  told.scrollIntoView({ block: "nearest" });
}

function step(item, distance) {
  const list = item.parentElement;
  const lists = [...root().querySelectorAll("[data-items]")];
  const neighbour = distance < 0 ? item.previousElementSibling : item.nextElementSibling;
  const focused = document.activeElement;
  if (neighbour) distance < 0 ? neighbour.before(item) : neighbour.after(item);
  else {
    const other = lists[lists.indexOf(list) + distance];
    if (!other) return announce(`${nameOf(item)} is ${distance < 0 ? "first" : "last"} already.`);
    distance < 0 ? other.append(item) : other.prepend(item);
  }
  (item.contains(focused) ? focused : item).focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
  tellMove(item);
}

function tellMove(item) {
  const list = item.parentElement;
  const position = [...list.children].indexOf(item);
  const section = list.closest(".part");
  count();
  announce(`${nameOf(item)}: place ${position + 1} of ${list.children.length} in ${section.dataset.name}.`);
  tell(`${base}/items/${item.dataset.item}/move`, { section_id: list.dataset.items, position });
}

let telling = Promise.resolve();
function tell(address, fields) {
  const [shown, mine] = [arranged(), round];
  const told = telling.then(() => (mine === round ? post(address, fields) : null));
  telling = told.catch(() => (round += 1));
  return told.then(
    (answer) => {
      if (!answer) return null;
      if (root().contains(shown[0]?.[0])) arrangement = shown;
      remember(answer.revisions);
      listener(answer);
      return answer;
    },
    async (error) => {
      putBack();
      const isRefused = error instanceof Refused;
      notice(isRefused ? reasonOf(error) : "The server does not answer, so everything stands where it stood. Try again in a moment.");
      announce("Not moved.");
      await reload().catch(() => {});
      return null;
    },
  );
}

async function onSubmit(event) {
  const form = event.target;
  const item = form.closest(".item");
  if (form.matches("[data-step]")) {
    event.preventDefault();
    const button = event.submitter;
    step(item, Number(button.value));
    button.focus();
  } else if (form.matches("[data-send-to]")) {
    event.preventDefault();
    form.closest("details").open = false;
    root().querySelector(`[data-items="${event.submitter.value}"]`).append(item);
    item.focus();
    tellMove(item);
  } else if (form.matches("[data-remove]")) {
    event.preventDefault();
    remove(item);
  } else if (form.matches("[data-words]")) event.preventDefault();
  else if (form.matches("[data-arrange]")) {
    event.preventDefault();
    await rearrange(form, event.submitter);
  }
}

async function remove(item) {
  const name = nameOf(item);
  const next = item.nextElementSibling || item.previousElementSibling || item.closest(".part").querySelector(".part-add");
  await saveAll();
  item.remove();
  count();
  announce(`${name} is removed. Undo brings it back.`);
  next.focus();
  tell(`${base}/items/${item.dataset.item}/remove`, {});
}

async function rearrange(form, submitter) {
  await saveAll();
  const fields = new FormData(form, submitter);
  try {
    const answer = await post(form.action, fields);
    form.closest("dialog")?.close();
    if (form.closest("#panel-history")) return location.reload();
    remember(answer.revisions);
    form.reset();
    await reload(answer.focus || (answer.item ? `blurb-${answer.item}` : undefined));
    if (answer.words) putWords(answer.words);
    tellSection(form.action);
    if (answer.said) notice(answer.said, "good");
    listener(answer);
  } catch (error) {
    form.querySelector(".error")?.remove();
    const line = document.createElement("p");
    line.className = "error";
    line.setAttribute("role", "alert");
    line.textContent = reasonOf(error);
    form.append(line);
  }
}

function tellSection(address) {
  const moved = address.match(/\/sections\/(\d+)\/move$/);
  const sections = [...root().querySelectorAll(".part")];
  const place = sections.findIndex((section) => section.dataset.section === moved?.[1]);
  if (place >= 0) announce(`${sections[place].dataset.name}: section ${place + 1} of ${sections.length}.`);
}

// Takes the changes of one deed, which are undone together; none where nothing was changed.
export function remember(revisions) {
  if (revisions?.length) undone.push(revisions);
  document.getElementById("undo").setAttribute("aria-disabled", String(!undone.length)); // disabled would lose the focus
}

async function undo() {
  const left = [...(undone.pop() || [])];
  remember(null);
  if (!left.length) return;
  try {
    await telling;
    await saveAll();
    let answer;
    while (left.length) {
      answer = await post(`${base}/restore/${left.at(-1)}`, {});
      left.pop();
    }
    await reload("undo");
    putWords(answer.words);
    announce("Undone.");
    listener({ issue: answer.version });
  } catch (error) {
    if (left.length && !(error instanceof Refused)) remember(left); // it can be undone once the server is there again
    notice(reasonOf(error));
  }
}

// The issue's own words as the server has them now: a fix or an undo may have changed them.
export function putWords({ version, ...words }) {
  for (const [name, value] of Object.entries(words)) {
    const field = document.querySelector(`.words [data-field="${name}"]`);
    if (field && takeServers(field, value, version)) field.dispatchEvent(new Event("taken", { bubbles: true }));
  }
}

// Meters follow what is on the page.
function count() {
  for (const section of root().querySelectorAll(".part")) {
    const found = section.querySelectorAll(".item").length;
    const minimum = Number(section.dataset.minimum);
    const maximum = section.dataset.maximum ? Number(section.dataset.maximum) : 0;
    const top = maximum || Math.max(found, minimum, 1);
    const meter = section.querySelector("meter");
    meter.max = Math.max(top, found);
    meter.low = minimum;
    meter.high = top + 0.5;
    meter.optimum = top;
    meter.value = found;
    const bounds = maximum ? (maximum === minimum ? ` of ${maximum}` : ` of ${minimum}–${maximum}`) : minimum ? ` of ${minimum} or more` : "";
    const words = section.querySelector(".part-count");
    words.textContent = `${found}${bounds}`;
    words.classList.toggle("over", Boolean(maximum) && found > maximum);
  }
}

function nameOf(item) {
  return item.querySelector(".item-title").value || "The item";
}

function announce(words) {
  document.getElementById("announce").textContent = words;
}
