"use strict";

// Figures name their colours, `var(--accent)`; the style sheet knows them, in light and in dark.
const style = getComputedStyle(document.documentElement);
const coloured = (part) =>
  typeof part === "string" && part.startsWith("var(") ? style.getPropertyValue(part.slice(4, -1)).trim()
  : Array.isArray(part) ? part.map(coloured)
  : part && typeof part === "object" ? Object.fromEntries(Object.entries(part).map(([k, v]) => [k, coloured(v)]))
  : part;

const figures = [...document.querySelectorAll("figure")].map((element) => {
  const source = element.querySelector("script");
  source.remove();
  return { element, drawing: JSON.parse(source.textContent) };
});

function draw() {
  for (const { element, drawing } of figures) {
    const { data, layout } = coloured(drawing);
    Plotly.react(element, data, layout, { responsive: true, displayModeBar: false });
  }
}

// Sort a table by the column that was clicked: numbers the largest first, what was not measured always last.
function sort(table, title) {
  const column = Number(title.dataset.column);
  const numeric = title.classList.contains("n");
  const up = title.ariaSort ? title.ariaSort === "descending" : !numeric;
  const value = (row) => {
    const cell = row.cells[column];
    return !numeric ? cell.textContent : cell.dataset.v === "" ? null : Number(cell.dataset.v);
  };
  const compare = (a, b) => (numeric ? a - b : a.localeCompare(b)) * (up ? 1 : -1);
  const rows = [...table.tBodies[0].rows].map((row) => [value(row), row]);
  rows.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : compare(a, b)));
  table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
  title.ariaSort = up ? "ascending" : "descending";
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  table.tHead.addEventListener("click", (event) => {
    const title = event.target.closest("th");
    if (title) sort(table, title);
  });
  const search = table.closest("section").querySelector("input[type=search]");
  search.addEventListener("input", () => {
    const wanted = search.value.toLowerCase();
    for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}

if (figures.length) {
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
