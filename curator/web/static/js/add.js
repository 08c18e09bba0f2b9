// The small window: Close closes it; after adding, the keyboard is on Close, and what was done is read out.

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-close]")) return;
  close();
  setTimeout(() => document.getElementById("close-hint")?.removeAttribute("hidden"), 300);
});

document.addEventListener("htmx:afterSettle", () => document.querySelector("[data-close]")?.focus());
