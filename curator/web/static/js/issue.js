// The issue page: words save themselves, the preview and the checks follow, items are arranged, Send opens.

import { reload, startArranging } from "./arrange.js";
import { careFor, saveAll, startSaving } from "./autosave.js";
import { check, startChecks } from "./checks.js";
import { keepDrafts } from "./drafts.js";
import { refreshLook } from "./look.js";
import { startPresence } from "./presence.js";
import { byItself, notice, part, post, reasonOf } from "./post.js";
import { lookAgain, startProposing } from "./proposals.js";
import { ourChange, startFollowing } from "./together.js";

const compose = document.querySelector(".compose");
const base = compose.dataset.base;

// Preview and checks follow every change: the preview at once, the checks when it is quiet.
let quiet;
function follow(answer) {
  if (answer?.issue) ourChange(answer.issue);
  refreshLook();
  lookAgain();
  clearTimeout(quiet);
  quiet = setTimeout(look, 300);
}

// The checks, and what is one-sided.
async function look() {
  check();
  try {
    const place = document.getElementById("balance");
    const balance = await part(`${base}/balance`, byItself);
    if (place.innerHTML.trim() !== balance.trim()) place.innerHTML = balance;
  } catch { /* the next change asks again */ }
}

startSaving(base, follow);
if (careFor(document)) notice("Words you typed before the connection was lost are back in their fields.", "good");
keepDrafts(base);
startArranging(base, follow);
startFollowing(base, compose.dataset, follow);
startChecks(base);
startProposing(base, follow);
startPresence(base);

// Fields grow with their words; titles stay one paragraph.
function grow(field) {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}
const growAll = () => document.querySelectorAll("[data-grow]").forEach(grow);
for (const happening of ["input", "taken"]) document.addEventListener(happening, (event) => {
  const field = event.target;
  if ("single" in field.dataset && field.value.includes("\n")) field.value = field.value.replace(/\s*\n\s*/g, " ");
  if ("grow" in field.dataset) grow(field);
  if (field.dataset.field === "address" || field.dataset.field === "site") showSource(field.closest(".item"));
  if (field.id === "subject") document.getElementById("heading").textContent = field.value || "No subject yet";
  measure(field);
});
document.addEventListener("composer", growAll);
document.fonts?.ready.then(growAll);
addEventListener("resize", growAll);
growAll();

// Where an item leads, beside its title, as its fields say now.
function showSource(item) {
  const value = (name) => item.querySelector(`[data-field="${name}"]`).value.trim();
  const leads = /^https?:\/\//i.test(value("address"));
  const shown = document.createElement(leads ? "a" : "span");
  shown.textContent = value("site") || (leads ? "article" : "no address");
  if (leads) Object.assign(shown, { href: value("address"), target: "_blank", rel: "noopener noreferrer" });
  item.querySelector(".item-facts").firstElementChild.replaceWith(shown);
}

function measure(field) {
  const place = document.querySelector(`[data-length="${field.id}"]`);
  if (!place) return;
  const [low, high] = field.dataset.ideal.split("-").map(Number);
  const length = [...field.value].length;
  document.getElementById(`${field.id}-meter`).value = length;
  place.textContent = `${length}${length === 0 ? "" : length < low ? " · short" : length > high ? " · long" : ""}`;
}
document.querySelectorAll("[data-ideal]").forEach(measure);

// From title to blurb with Enter, from blurb to blurb with Ctrl+Enter.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  if ("single" in event.target.dataset) {
    event.preventDefault();
    event.target.closest(".item")?.querySelector(".item-blurb")?.focus();
  } else if (event.target.matches(".item-blurb, #intro") && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    const blurbs = [...document.querySelectorAll(".item-blurb")];
    const index = blurbs.indexOf(event.target) + (event.shiftKey ? -1 : 1);
    (blurbs[index] || document.getElementById(index < 0 ? "intro" : "outro")).focus();
  } else if (event.target.matches("input[data-field]")) event.preventDefault();
});

// Tabs beside the words.
const tabs = [...document.querySelectorAll("[data-panel]")];
async function show(tab) {
  for (const other of tabs) {
    const isShown = other === tab;
    other.setAttribute("aria-selected", String(isShown));
    other.tabIndex = isShown ? 0 : -1;
    document.getElementById(`panel-${other.dataset.panel}`).hidden = !isShown;
  }
  document.querySelector(".look-switches").hidden = tab.dataset.panel !== "preview";
  if (tab.dataset.panel === "history") {
    await saveAll();
    document.getElementById("panel-history").innerHTML = await part(`${base}/history`).catch((error) => `<p class="notice bad">${reasonOf(error)}</p>`);
  }
}
for (const tab of tabs) {
  tab.tabIndex = tab.getAttribute("aria-selected") === "true" ? 0 : -1;
  tab.addEventListener("click", (event) => {
    event.preventDefault();
    show(tab);
  });
  tab.addEventListener("keydown", (event) => {
    const distance = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === " ") event.preventDefault(), show(tab);
    if (!distance) return;
    const next = tabs[(tabs.indexOf(tab) + distance + tabs.length) % tabs.length];
    next.focus();
    show(next);
  });
}

// Dialogs: articles to add, and Send.
const offer = document.getElementById("offer");
const sendDialog = document.getElementById("send-dialog");

async function openPart(dialog, address) {
  try {
    await saveAll();
    dialog.innerHTML = await part(address);
    globalThis.htmx?.process(dialog);
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("input[type=search]")?.focus();
  } catch (error) {
    notice(reasonOf(error));
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-offer], #open-send");
  if (link) {
    event.preventDefault();
    openPart(link.id === "open-send" ? sendDialog : offer, link.href);
  }
  const use = event.target.closest("[data-use]");
  if (use) {
    const blurb = use.closest(".item").querySelector(".item-blurb");
    const words = use.closest(".own-words").querySelector("p").textContent.replace(/([\\`*_[\]<>])/g, "\\$1");
    blurb.value = blurb.value.trim() ? `${blurb.value.trimEnd()}\n\n${words}` : words;
    blurb.focus();
    blurb.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

// Keeping an article on the shelf: the list is shown anew, where it was.
offer.addEventListener("submit", async (event) => {
  if (!event.target.matches("[data-keep-article]")) return;
  event.preventDefault();
  const shown = offer.querySelector(".offer-tabs [aria-current]").href;
  try {
    await post(event.target.action, new FormData(event.target, event.submitter));
    await openPart(offer, shown);
  } catch (error) {
    notice(reasonOf(error));
  }
});

let searching;
offer.addEventListener("input", (event) => {
  if (event.target.type !== "search") return;
  clearTimeout(searching);
  searching = setTimeout(async () => {
    const form = event.target.form;
    const text = await part(`${form.action}?${new URLSearchParams(new FormData(form))}`).catch(() => "");
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector(".offer-list, .empty");
    if (fresh) offer.querySelector(".offer-list, .empty").replaceWith(fresh);
  }, 200);
});
offer.addEventListener("submit", (event) => {
  if (event.target.matches(".offer-search")) event.preventDefault();
});
// An answer that is shown in the dialog replaced the button that asked for it.
sendDialog.addEventListener("htmx:afterSettle", () => {
  if (sendDialog.contains(document.activeElement)) return;
  const told = sendDialog.querySelector(".notice, h2");
  told.tabIndex = -1;
  told.focus();
});
sendDialog.addEventListener("input", (event) => {
  if (event.target.name === "at") sendDialog.querySelector('[name="when"][value="at"]').checked = true;
});

// On small screens the words and the look take turns.
document.querySelector("[data-switch]")?.addEventListener("click", (event) => {
  const isLooking = compose.classList.toggle("is-looking");
  event.currentTarget.setAttribute("aria-pressed", String(isLooking));
  event.currentTarget.querySelector("span").textContent = isLooking ? "Write" : "Preview";
  scrollTo(0, 0);
});
