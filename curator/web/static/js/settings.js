// Settings: rows of sections are moved, added and removed; the rest are plain forms.

import Sortable from "../vendor/sortable.esm.js";

const rows = document.querySelector("[data-rows]");
if (rows) {
  Sortable.create(rows, { handle: ".row-grip", animation: 160 });
  rows.addEventListener("click", (event) => {
    const button = event.target.closest("[data-row]");
    if (!button) return;
    const row = button.closest(".section-row");
    if (button.dataset.row === "up") row.previousElementSibling?.before(row);
    else if (button.dataset.row === "down") row.nextElementSibling?.after(row);
    else if (rows.querySelectorAll(".section-row").length > 1) return row.remove();
    button.focus();
  });
  let added = 0;
  document.querySelector("[data-add-row]")?.addEventListener("click", () => {
    if (rows.querySelectorAll(".section-row").length >= Number(rows.dataset.most)) return;
    const row = document.getElementById("row-template").content.cloneNode(true).firstElementChild;
    added += 1;
    for (const part of row.querySelectorAll("[id], [for]")) {
      if (part.id) part.id += added;
      if (part.htmlFor) part.htmlFor += added;
    }
    rows.append(row);
    row.querySelector("input").focus();
  });
}

const colour = document.getElementById("accent");
colour?.addEventListener("input", () => {
  document.querySelector("[data-colour]").textContent = colour.value;
});
for (const field of document.querySelectorAll("[data-select]")) field.addEventListener("focus", () => field.select());
