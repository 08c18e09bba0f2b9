// Copy copies the text of a field; pressing the bookmark button where it is explained says where it belongs.

document.querySelector("[data-bookmarklet]")?.addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("drag-hint").hidden = false;
});

document.querySelector("[data-copy]")?.addEventListener("click", async (event) => {
  const field = document.getElementById(event.currentTarget.dataset.copy);
  const said = document.getElementById("copied");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    said.textContent = "Copied.";
  } catch {
    said.textContent = "Marked: copy it with Ctrl C, on a Mac ⌘ C.";
  }
});
