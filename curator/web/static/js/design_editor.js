// The editor of a design: tabs and line numbers, a look at the mail after each pause in typing, and where an error is.

const form = document.getElementById("design-form");
const frame = document.querySelector("iframe[name=try]");
const stage = document.querySelector(".editor-stage");
const state = document.getElementById("editor-state");
const tabs = [...form.querySelectorAll("[role=tab]")];
const panels = [...form.querySelectorAll("[role=tabpanel]")];
const PAUSE = 700;
let isChanged = false;
let isSaving = false;
let timer = 0;

form.classList.add("editor-has-script");
if (stage.clientWidth < 600) turn(document.querySelector("button[data-width='375']"));
panels.forEach((panel) => number(panel));
choose(document.getElementById("problem")?.dataset.file || tabs[0].dataset.file);
show(document.getElementById("problem"));

form.addEventListener("input", (event) => {
  if (!event.target.matches("textarea")) return;
  isChanged = true;
  state.textContent = "Not saved yet";
  number(event.target.closest("[role=tabpanel]"));
  clearTimeout(timer);
  timer = setTimeout(look, PAUSE);
});
form.addEventListener("submit", (event) => {
  isSaving = !event.submitter?.matches("[data-preview]") && event.submitter !== null;
});
addEventListener("beforeunload", (event) => {
  if (isChanged && !isSaving) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== "s") return;
  event.preventDefault();
  form.requestSubmit(form.querySelector(".button.primary"));
});

for (const tab of tabs) {
  tab.addEventListener("click", () => choose(tab.dataset.file));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    choose(next.dataset.file);
    next.focus();
  });
}
for (const panel of panels) {
  const words = panel.querySelector("textarea");
  words.addEventListener("scroll", () => { panel.querySelector(".editor-numbers").scrollTop = words.scrollTop; });
}
for (const button of document.querySelectorAll("[data-width], [data-theme]")) {
  if (button.tagName === "BUTTON") button.addEventListener("click", () => turn(button));
}
frame.addEventListener("load", () => show(frame.contentDocument?.body));

// Sends the files as they are into the frame; the server renders, nothing is saved.
function look() {
  form.requestSubmit(form.querySelector("[data-preview]"));
}

function turn(button) {
  for (const other of button.parentElement.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
  if (button.dataset.width) stage.dataset.width = button.dataset.width;
  else {
    form.elements.theme.value = button.dataset.theme;
    look();
  }
}

function choose(file) {
  for (const tab of tabs) {
    const isChosen = tab.dataset.file === file;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
  }
  for (const panel of panels) panel.hidden = panel.dataset.file !== file;
}

function number(panel, wrong = 0) {
  const count = panel.querySelector("textarea").value.split("\n").length;
  const numbers = panel.querySelector(".editor-numbers");
  numbers.replaceChildren(...Array.from({ length: count }, (_, index) => {
    const line = document.createElement("div");
    line.textContent = String(index + 1);
    line.classList.toggle("is-wrong", index + 1 === wrong);
    return line;
  }));
  numbers.scrollTop = panel.querySelector("textarea").scrollTop;
}

// Marks the file and the line that the page or the frame says are wrong, and no other.
function show(said) {
  const { file = "", line = "" } = said?.dataset ?? {};
  for (const tab of tabs) tab.classList.toggle("has-error", tab.dataset.file === file);
  for (const panel of panels) number(panel, panel.dataset.file === file ? Number(line) : 0);
  if (said === frame.contentDocument?.body && isChanged) {
    state.textContent = file ? `Error in ${file}, line ${line}` : said.hasAttribute("data-file") ? "Cannot be saved like this" : "Not saved yet";
  }
}
