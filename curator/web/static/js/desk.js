// The shell of every desk page: menus close on Escape, outside clicks and when done, the current tab is in sight, and
// a page with keys of its own lists them; nothing else.

import { isTyping } from "./post.js";

const currents = document.querySelectorAll(".desk-tabs [aria-current], .settings-nav [aria-current]");
function showCurrent() {
  for (const current of currents) {
    const tabs = current.parentElement;
    tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - current.offsetWidth) / 2;
  }
}
showCurrent();
addEventListener("resize", showCurrent);

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// A menu with a field to fill opens in it, and closes when what was in it is done.
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("details.test-menu") && event.target.open) event.target.querySelector("input:not([type=hidden])")?.focus();
}, true);
document.addEventListener("htmx:afterRequest", (event) => {
  const menu = event.detail.successful && event.target.closest?.("details.menu[open]");
  if (!menu || !event.target.matches("form")) return;
  const wasInside = menu.contains(document.activeElement);
  menu.open = false;
  if (wasInside || document.activeElement === document.body) menu.querySelector("summary").focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// The keys of a page are in its dialog #help.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
});
document.addEventListener("keydown", (event) => {
  const help = document.getElementById("help");
  if (event.key !== "?" || !help || help.open || isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  help.showModal();
});
