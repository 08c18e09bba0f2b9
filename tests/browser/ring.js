// What is wrong with how the focus is shown; an empty text when there is a ring and no more than one side of it is cut off.
() => {
  const at = document.activeElement;
  if (!at || at === document.body) return "nothing has the focus";
  if (at.tagName === "IFRAME" || at.tagName === "MAIN") return "";
  const say = at.outerHTML.replace(/\s+/g, " ").slice(0, 120);
  if (!at.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return `the focus is on what is not seen: ${say}`;
  const style = getComputedStyle(at);
  const width = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
  const isTransparent = /, 0\)$|transparent/.test(style.outlineColor);
  if (width < 1.5 || isTransparent) return `no ring around ${say}`;
  const reach = width + parseFloat(style.outlineOffset) - 1;
  const box = at.getBoundingClientRect();
  const cut = new Set();
  for (let over = at.parentElement; over && over !== document.body; over = over.parentElement) {
    if (getComputedStyle(over).overflowX === "visible" && getComputedStyle(over).overflowY === "visible") continue;
    const edge = over.getBoundingClientRect();
    if (box.left - reach < edge.left) cut.add("left");
    if (box.top - reach < edge.top) cut.add("top");
    if (box.right + reach > edge.right) cut.add("right");
    if (box.bottom + reach > edge.bottom) cut.add("bottom");
  }
  return cut.size > 1 ? `the ring is cut off ${[...cut].join(", ")}: ${say}` : "";
}
