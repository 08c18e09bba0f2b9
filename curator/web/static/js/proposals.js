// Words by a model: asking, waiting, using, putting away. The parts of the page that show them are fetched anew while
// an answer is waited for, after a change of ours, and when a colleague did something; nothing else of the page moves.

import { putWords, reload, remember } from "./arrange.js";
import { saveAll } from "./autosave.js";
import { notice, part, post, reasonOf } from "./post.js";

const EVERY = 1000;
let base = "";
let whenUsed = () => {};
let timer;
let looking = false;
let again = false;

export function startProposing(address, used) {
  base = address;
  whenUsed = used;
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-propose]")) return;
    event.preventDefault();
    tell(event.target, event.submitter);
  });
  document.addEventListener("keydown", onKey);
  document.addEventListener("composer", look);
  document.addEventListener("visibilitychange", waitOn);
  waitOn();
}

// After words were saved: a mark goes as soon as a person has edited them.
export function lookAgain() {
  if (document.querySelector("[data-by-model]")) look();
}

async function tell(form, button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try {
    await saveAll();
    const answer = await post(button.formAction, new FormData(form, button));
    if (answer.revisions) await used(answer);
    await look();
    if (!answer.field) stayIn(answer.part);
  } catch (error) {
    notice(reasonOf(error));
    await look();
  }
  button.removeAttribute("aria-disabled");
}

async function used(answer) {
  remember(answer.revisions);
  await reload(answer.field);
  putWords(answer.words);
  document.getElementById(answer.field)?.focus({ preventScroll: true });
  say("The words are in the field. They are marked as a model’s until you edit them.");
  whenUsed(answer);
}

// The button that was pressed may be gone: whoever goes on by keyboard stays where it was.
function stayIn(id) {
  const place = document.getElementById(id);
  if (!place || (document.activeElement && document.activeElement !== document.body)) return;
  (place.querySelector("button") || place).focus({ preventScroll: true });
}

function onKey(event) {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.code !== "KeyS") return;
  const place = event.target.closest?.(".item, .words")?.querySelector("[data-proposed]");
  if (!place) return;
  event.preventDefault();
  const offered = place.querySelector("section.by-model button");
  if (offered) offered.focus();
  else if (!event.repeat) place.querySelector("[data-ask]")?.click();
}

async function look() {
  if (!document.querySelector("[data-proposed]")) return;
  if (looking) return void (again = true);
  looking = true;
  clearTimeout(timer);
  try {
    const fresh = document.createElement("template");
    fresh.innerHTML = await part(`${base}/proposals`);
    for (const now of fresh.content.querySelectorAll("[data-proposed]")) put(document.getElementById(now.id), now);
  } catch { /* the next look may go better */ }
  looking = false;
  if (again) {
    again = false;
    await look();
  } else waitOn();
}

function put(shown, now) {
  if (!shown || shown.innerHTML.trim() === now.innerHTML.trim()) return;
  const waited = shown.querySelector("[data-waiting]");
  const focused = shown.contains(document.activeElement) ? document.activeElement.id : "";
  shown.replaceChildren(...now.childNodes);
  if (focused) (document.getElementById(focused) || shown.querySelector("button") || shown).focus({ preventScroll: true });
  const news = shown.querySelector("[data-said]");
  if (waited && news) say(news.dataset.said);
}

function waitOn() {
  clearTimeout(timer);
  if (document.visibilityState === "visible" && document.querySelector("[data-waiting]")) timer = setTimeout(look, EVERY);
}

function say(words) {
  document.getElementById("announce").textContent = words;
}
