// What is wrong with this page, in words; an empty list when nothing is.
() => {
  const faults = [];
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const say = (element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 140);
  const textOf = (ids) => ids.split(/\s+/).map((id) => document.getElementById(id)?.textContent || "").join(" ");

  const heads = [...document.querySelectorAll("h1")].filter(seen);
  if (heads.length !== 1) faults.push(`${heads.length} visible h1 instead of one`);
  if (!document.documentElement.lang) faults.push("no lang on <html>");
  if (!document.title.trim()) faults.push("no title");

  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) faults.push(`id twice: ${id}`);

  for (const element of document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href], summary, meter, progress")) {
    const shown = element.cloneNode(true);
    for (const hidden of shown.querySelectorAll("[aria-hidden=true]")) hidden.remove();
    const name = [
      element.getAttribute("aria-label"),
      element.hasAttribute("aria-labelledby") && textOf(element.getAttribute("aria-labelledby")),
      ...[...(element.labels || [])].map((label) => label.textContent),
      /^(A|BUTTON|SUMMARY)$/.test(element.tagName) && shown.textContent,
      ...[...shown.querySelectorAll("img[alt]")].map((image) => image.alt),
      element.title,
    ].find((text) => text && text.trim());
    const isDecoration = element.closest("[aria-hidden=true]");
    if (!name && !isDecoration) faults.push(`no accessible name: ${say(element)}`);
  }
  for (const image of document.querySelectorAll("img:not([alt])")) faults.push(`no alt: ${say(image)}`);
  for (const image of document.querySelectorAll("img")) {
    if (image.complete && !image.naturalWidth && image.loading !== "lazy") faults.push(`picture does not load: ${say(image)}`);
  }
  for (const frame of document.querySelectorAll("iframe:not([title])")) faults.push(`frame without title: ${say(frame)}`);
  return faults;
}
