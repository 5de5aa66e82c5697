"use strict";
// Tables sort by their headings; a second press turns the order around. Cells
// without a figure come last.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = table.tHead.rows[table.tHead.rows.length - 1].cells;
  [...heads].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const body = table.tBodies[0];
      const key = row => row.cells[column].dataset.value;
      const text = row => row.cells[column].textContent;
      const rows = [...body.rows];
      rows.sort((a, b) => {
        const x = key(a), y = key(b);
        if (x === undefined && y === undefined) return (up ? 1 : -1) * text(a).localeCompare(text(b), "en");
        if (x === undefined || y === undefined) return x === undefined ? 1 : -1;
        return (up ? 1 : -1) * (Number(x) - Number(y));
      });
      body.append(...rows);
      table.classList.add("sorted");
    });
  });
}
for (const note of document.querySelectorAll(".sorts")) note.hidden = false;
// A chart is one stop of the Tab key; arrow keys go from figure to figure.
for (const chart of document.querySelectorAll("svg.chart")) {
  const marks = [...chart.querySelectorAll(".mark")];
  marks.forEach((mark, i) => {
    mark.setAttribute("tabindex", i === 0 ? "0" : "-1");
    mark.addEventListener("keydown", event => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const next = step ? marks[i + step] : event.key === "Home" ? marks[0] : event.key === "End" ? marks[marks.length - 1] : undefined;
      if (!next) return;
      event.preventDefault();
      mark.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    });
  });
}
