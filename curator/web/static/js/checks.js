// The checks beside the words: asked again after every change, and by themselves while links are being looked at.

import { byItself, part } from "./post.js";

const panel = document.getElementById("panel-checks");
const badge = document.getElementById("check-count");
let base = "";
let checking = false;
let again = false;
let timer;

export function startChecks(address) {
  base = address;
  panel.addEventListener("click", goThere);
  check();
}

export async function check() {
  clearTimeout(timer);
  if (checking) return void (again = true);
  checking = true;
  try {
    show(await part(`${base}/checks`, byItself));
  } catch { /* the next change asks again */ }
  checking = false;
  if (again) {
    again = false;
    check();
  }
}

// Puts the answer in the panel; whoever is at one of its buttons stays there, opened parts stay open.
function show(html) {
  const focused = panel.contains(document.activeElement) ? document.activeElement.id : "";
  const opened = [...panel.querySelectorAll("details[open][id]")].map((details) => details.id);
  const place = panel.scrollTop;
  panel.innerHTML = html;
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  panel.scrollTop = place;
  if (focused) (document.getElementById(focused) || document.getElementById("tab-checks")).focus({ preventScroll: true });
  const { errors, warnings, waiting } = panel.querySelector(".checks").dataset;
  badge.textContent = Number(errors) + Number(warnings) || "✓";
  badge.className = `count ${Number(errors) ? "bad" : Number(warnings) ? "warn" : "good"}`;
  badge.title = `${errors} errors, ${warnings} warnings`;
  if (Number(waiting)) timer = setTimeout(check, 2500);
}

// "Show" puts the cursor where a finding is about, in the words beside or, on a small screen, in front.
function goThere(event) {
  const link = event.target.closest("a[data-there]");
  const target = link && document.getElementById(link.hash.slice(1));
  if (!target) return;
  event.preventDefault();
  document.querySelector(".compose").classList.contains("is-looking") && document.querySelector("[data-switch]").click();
  target.closest("details")?.setAttribute("open", "");
  target.scrollIntoView({ block: "center" });
  target.focus({ preventScroll: true });
}
