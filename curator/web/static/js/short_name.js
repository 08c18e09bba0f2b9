// A new newsletter: its short name follows its name until somebody writes another one.

const name = document.getElementById("name");
const slug = document.getElementById("slug");
const shown = document.querySelector("[data-short-name]");
const example = slug?.placeholder;
let isTheirs = Boolean(slug?.value);

const shorten = (words) => words.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
  .replace(/[^a-z0-9]+/g, "-").slice(0, 50).replace(/^(the|de|het|der|die|das|le|la|les)-(?=.)/, "").replace(/^-+|-+$/g, "");
const show = () => (shown.textContent = slug.value || example);

name?.addEventListener("input", () => {
  if (isTheirs) return;
  slug.value = shorten(name.value);
  show();
});
slug?.addEventListener("input", () => {
  isTheirs = Boolean(slug.value);
  show();
});
