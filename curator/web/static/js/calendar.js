// Arrow keys walk over the days of the month; Home and End go to the ends of a week. Tab passes the month in one step.

const days = [...document.querySelectorAll("[data-day]")];
const shown = () => days.filter((day) => day.offsetParent);
const start = document.querySelector("[data-day][aria-current]") || days[0];

function settle(current) {
  for (const day of days) day.tabIndex = day === current ? 0 : -1;
}

document.querySelector(".calendar-month").addEventListener("keydown", (event) => {
  const here = event.target.closest("[data-day]");
  if (!here) return;
  const list = shown();
  const isList = list.length < days.length;
  const at = list.indexOf(here);
  const week = isList ? 1 : 7;
  const to = {
    ArrowRight: at + 1,
    ArrowLeft: at - 1,
    ArrowDown: at + week,
    ArrowUp: at - week,
    Home: isList ? 0 : at - (at % 7),
    End: isList ? list.length - 1 : at - (at % 7) + 6,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  if (!list[to]) return void document.querySelector(`[rel="${to < 0 ? "prev" : "next"}"]`).focus();
  settle(list[to]);
  list[to].focus();
});

if (start) settle(start);
