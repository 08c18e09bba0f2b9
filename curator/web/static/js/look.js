// The preview beside the words: width, theme and part; reloads behind the scenes and keeps the reader's place.

const stage = document.querySelector(".look-stage");
const isNarrow = Boolean(stage) && stage.clientWidth > 0 && stage.clientWidth < 600;
const look = { width: isNarrow ? "375" : "600", theme: "light", kind: "html", ...remembered() };
let loading = null;
let again = false;
let turn = 0;

export function refreshLook() {
  if (!stage) return;
  if (loading) {
    again = true;
    return;
  }
  const shown = stage.querySelector(".look-frame.is-shown");
  loading = shown.cloneNode(false);
  loading.classList.remove("is-shown");
  loading.setAttribute("aria-hidden", "true");
  loading.addEventListener("load", () => swap(shown), { once: true });
  loading.src = addressNow();
  stage.append(loading);
}

function addressNow() {
  const address = new URL(stage.querySelector(".look-frame").src);
  address.search = new URLSearchParams({ theme: look.theme, kind: look.kind, turn: String(++turn) });
  return address.toString();
}

function swap(shown) {
  const fresh = loading;
  loading = null;
  if (fresh.contentDocument && fresh.contentDocument.body && fresh.contentDocument.body.childNodes.length) {
    const place = shown.contentWindow ? shown.contentWindow.scrollY : 0;
    fresh.contentWindow.scrollTo(0, place);
    fresh.classList.add("is-shown");
    fresh.removeAttribute("aria-hidden");
    shown.remove();
    mark(fresh);
  } else fresh.remove();
  if (again) {
    again = false;
    refreshLook();
  }
}

// Says on the page what is shown, so that styles and tests can tell.
function mark(frame) {
  stage.dataset.width = look.width;
  stage.dataset.theme = look.theme;
  stage.dataset.kind = look.kind;
  frame.dataset.turn = String(turn);
  for (const button of document.querySelectorAll("button[data-look]")) {
    button.setAttribute("aria-pressed", String(look[button.dataset.look] === button.value));
  }
}

function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem("curator-look") || "{}");
    if (isNarrow) delete kept.width;
    return kept;
  } catch {
    return {};
  }
}

if (stage) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-look]");
    if (!button) return;
    look[button.dataset.look] = button.value;
    try {
      localStorage.setItem("curator-look", JSON.stringify(look));
    } catch { /* private windows may refuse; the choice then lasts as long as the page */ }
    mark(stage.querySelector(".look-frame.is-shown"));
    if (button.dataset.look !== "width") refreshLook();
  });
  mark(stage.querySelector(".look-frame.is-shown"));
  if (look.theme !== "light" || look.kind !== "html") refreshLook();
}
