// Follows what others do to this issue: asks for its version now and then, and takes in what is new without touching a
// field somebody is writing in. What we changed ourselves is known from the answers and fetched by nobody.

import { reload } from "./arrange.js";
import { saveAll, takeServers } from "./autosave.js";
import { byItself, part } from "./post.js";

const EVERY = 6000;
let base = "";
let known = 0;
let talked = "";
let whenChanged = () => {};
let looking = null;

export function startFollowing(address, { version, talk }, changed) {
  base = address;
  talked = talk;
  known = Number(version);
  whenChanged = changed;
  setInterval(() => document.visibilityState === "visible" && look(), EVERY);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
}

// An answer of the server to a change of ours; a gap before it means that somebody else changed something too.
export function ourChange(version) {
  if (version === known + 1) known = version;
}

function look() {
  looking ??= take().catch(() => {}).finally(() => { looking = null; });
  return looking;
}

async function take() {
  await saveAll();
  const now = JSON.parse(await part(`${base}/now`, byItself));
  if (now.state !== "draft") return location.reload();
  const isNew = now.version !== known;
  if (!isNew && now.talk === talked) return undefined;
  talked = now.talk;
  for (const [name, value] of Object.entries(now.words)) {
    const field = document.getElementById(name);
    if (takeServers(field, value, now.version)) field.dispatchEvent(new Event("taken", { bubbles: true }));
  }
  await reload();
  if (!isNew) return undefined;
  known = now.version;
  if (now.by) document.getElementById("saved").textContent = `Changed by ${now.by}`;
  return whenChanged();
}
