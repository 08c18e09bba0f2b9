// The shell of every desk page: menus close on Escape and outside clicks, the current tab is in sight; nothing else.

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

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
