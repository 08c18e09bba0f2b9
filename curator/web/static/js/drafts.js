// What is being written to the other editors stays in this browser until it is sent: a page that goes takes no words
// along. Fields of the issue itself are not among it, those save themselves (autosave.js).

export function keepDrafts(base) {
  const nameOf = (field) => `curator:${base}:draft:${field.id}`;
  for (const field of document.querySelectorAll("[data-draft]")) {
    const kept = recall(nameOf(field));
    if (!kept || field.value) continue;
    field.value = kept;
    field.closest("details").open = true;
  }
  document.addEventListener("input", ({ target }) => "draft" in target.dataset && keep(nameOf(target), target.value));
  document.addEventListener("reset", ({ target }) => {
    for (const field of target.querySelectorAll("[data-draft]")) keep(nameOf(field), "");
  });
}

function keep(name, words) {
  try {
    if (words) localStorage.setItem(name, words);
    else localStorage.removeItem(name);
  } catch { /* full or refused: then they last as long as the page */ }
}

function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
