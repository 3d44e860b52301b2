"use strict";
for (const table of document.querySelectorAll("table.ranking")) {
  const heads = [...table.querySelectorAll("thead th")];
  const bodies = [...table.tBodies];
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = body => {
      const cell = body.rows[0].cells[column];
      const text = cell.textContent.trim();
      const number = Number(cell.dataset.v ?? (/^-?[\d.,]+$/.test(text) ? text.replaceAll(",", "") : NaN));
      return Number.isNaN(number) ? text : number;
    };
    const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
    const rows = bodies.map(body => [key(body), body]);
    // A dash is no value: it stays at the end, whichever way the column is sorted.
    const empty = row => row[0] === "–";
    rows.sort((a, b) => empty(a) - empty(b) || (down ? -1 : 1) * compare(a[0], b[0]));
    table.append(...rows.map(row => row[1]));
  }));
}
for (const tool of document.querySelectorAll(".tool")) {
  const input = tool.querySelector("input"), count = tool.querySelector("output");
  const bodies = [...tool.nextElementSibling.querySelectorAll("tbody")];
  const texts = bodies.map(body => body.textContent.toLowerCase());
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    bodies.forEach((body, k) => { body.hidden = !words.every(word => texts[k].includes(word)); });
    const shown = bodies.filter(body => !body.hidden).length;
    count.textContent = shown === bodies.length ? `${shown} rows` : `${shown} of ${bodies.length} rows`;
  });
}
document.addEventListener("click", event => {
  const button = event.target.closest("button.open");
  if (!button) return;
  const shown = document.getElementById(button.getAttribute("aria-controls")).classList.toggle("shown");
  button.setAttribute("aria-expanded", shown);
});
const tip = document.getElementById("tip");
let focus = null;
document.addEventListener("pointerover", event => {
  const mark = event.target.closest(".mark");
  tip.hidden = !mark;
  if (mark) tip.textContent = mark.dataset.tip;
  const part = event.target.closest("[data-series]"), series = part && part.dataset.series;
  if (series === focus) return;
  focus = series;
  const place = part && part.closest("article, #all-tasks");
  for (const faded of document.querySelectorAll(".faded")) faded.classList.remove("faded");
  if (place) for (const other of place.querySelectorAll(".mark")) other.classList.toggle("faded", other.dataset.series !== series);
});
document.addEventListener("pointermove", event => {
  if (tip.hidden) return;
  tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${event.clientY + 18 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18}px`;
});
