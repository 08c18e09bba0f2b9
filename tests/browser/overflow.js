// What makes this page wider than the window; an empty text when all of it fits.
() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return "";
  const reach = (element) => element.getBoundingClientRect().right;
  const out = [...document.body.querySelectorAll("*")].filter((element) => reach(element) > root.clientWidth + 0.5);
  const last = out.sort((one, other) => reach(other) - reach(one))[0];
  return `${root.scrollWidth} px in ${root.clientWidth}: ${last ? last.outerHTML.slice(0, 140) : "unknown"}`;
}
