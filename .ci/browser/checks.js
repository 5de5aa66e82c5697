"use strict";
// What axe-core has no rule for. Each check answers what it found, a sentence
// each: an empty list is a sound page. Nothing here knows a page's name, and
// TestFaults shows each check a fault that it has to find.
globalThis.checks = (() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const seen = e => e.checkVisibility({ visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true });
  const what = e => `<${e.localName} class="${e.getAttribute("class") ?? ""}"> ${JSON.stringify(e.textContent.trim().slice(0, 60))}`;

  // fits: the page doesn't scroll sideways, and nothing is cut. On paper what
  // scrolls is cut, too.
  const fits = () => {
    const found = [], wide = document.documentElement.clientWidth, page = document.scrollingElement.scrollWidth;
    if (page > wide) found.push(`the page is ${page} px wide, and the window ${wide}`);
    const cutting = matchMedia("print").matches ? ["hidden", "clip", "auto", "scroll"] : ["hidden", "clip"];
    for (const e of all("body *")) {
      if (!e.closest("svg") && seen(e) && e.clientWidth && e.scrollWidth > e.clientWidth + 1 && cutting.includes(getComputedStyle(e).overflowX))
        found.push(`${what(e)} is cut: ${e.scrollWidth} px wide in ${e.clientWidth}`);
    }
    return found;
  };

  // labels: no text of a picture is too small, outside it, or over another. Boxes
  // of text are as tall as the font's lines, so a little of their height is no
  // overlap.
  const labels = () => {
    const found = [];
    for (const svg of all("svg").filter(seen)) {
      const frame = svg.getBoundingClientRect(), boxes = [];
      for (const e of all("text", svg).filter(e => seen(e) && e.textContent.trim())) {
        const r = e.getBoundingClientRect(), size = parseFloat(getComputedStyle(e).fontSize) * svg.getScreenCTM().a;
        const box = { e, left: r.left, right: r.right, top: r.top + .18 * r.height, bottom: r.bottom - .18 * r.height };
        if (size < 8) found.push(`${what(e)} is ${size.toFixed(1)} px small`);
        if (box.left < frame.left - 4 || box.right > frame.right + 4 || box.top < frame.top - 4 || box.bottom > frame.bottom + 4) found.push(`${what(e)} sticks out of its picture`);
        for (const b of boxes) if (Math.min(box.right, b.right) - Math.max(box.left, b.left) > 1 && Math.min(box.bottom, b.bottom) - Math.max(box.top, b.top) > 1)
          found.push(`${what(e)} and ${what(b.e)} lie over each other`);
        boxes.push(box);
      }
    }
    return found;
  };

  // folded: what a closed details element would show on paper.
  const folded = () => all("details > :not(summary)").filter(e => !seen(e)).map(e => `${what(e)} is not printed`);

  // tips: with the focus on a mark its figure shows, and no other does.
  const tips = () => {
    const found = [], words = e => e.textContent.trim().replace(/\s+/g, " ");
    for (const svg of all("svg.chart").filter(seen)) {
      const marks = all(".mark", svg);
      for (const mark of marks) {
        const says = words(mark.querySelector(":scope > title")), shown = all("text.tip", mark).map(words).join(" ");
        if (!says || mark.getAttribute("aria-label") !== mark.querySelector(":scope > title").textContent) found.push(`${what(mark)} is called ${mark.getAttribute("aria-label")}`);
        if (!shown || !says.startsWith(shown.replace(/\s*…$/, ""))) found.push(`the tip of ${JSON.stringify(says)} is ${JSON.stringify(shown)}`);
        mark.focus({ focusVisible: true });
        const open = marks.filter(m => seen(m.querySelector("text.tip")));
        if (open.length !== 1 || open[0] !== mark) found.push(`with the focus on ${JSON.stringify(says)} ${open.length} tips show`);
      }
    }
    return found;
  };

  // sorts: each button of a table sorts its rows up, and pressed again down, by
  // value where cells have one, those without behind, and keeps the rows whole.
  const sorts = () => {
    const found = [], english = new Intl.Collator("en").compare;
    for (const d of all("details")) d.open = true;
    for (const table of all("table.sortable")) {
      const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells], rows = () => [...table.tBodies[0].rows];
      const whole = () => rows().map(r => r.innerHTML).sort().join("\n"), before = whole();
      heads.forEach((head, column) => ["ascending", "descending"].forEach((want, down) => {
        const say = text => found.push(`${table.caption.textContent}, ${head.textContent}, ${want}: ${text}`);
        head.querySelector("button").click();
        if (whole() !== before) say("the rows are not those from before");
        if (heads.some(h => h.getAttribute("aria-sort") !== (h === head ? want : null))) say("the headings say another order");
        const cells = rows().map(r => r.cells[column]);
        for (let i = 1; i < cells.length; i++) {
          const [a, b] = [cells[i - 1], cells[i]], [x, y] = [a.dataset.value, b.dataset.value];
          const order = x !== undefined && y !== undefined ? (down ? -1 : 1) * (Number(x) - Number(y)) : x === y ? (down ? -1 : 1) * english(a.textContent, b.textContent) : x === undefined ? 1 : -1;
          if (!(order <= 0)) say(`${what(a)} stands before ${what(b)}`);
        }
      }));
    }
    return found;
  };

  // watch notes the stops of the Tab key, which watched then holds those against
  // at which it came to a halt: all, in the page's order, and each to be seen.
  let stops, halted;
  const look = e => [e, ...all("*", e)].slice(0, 20).map(x => { const s = getComputedStyle(x); return [s.outlineStyle, s.boxShadow, s.backgroundColor, s.stroke, s.visibility].join(); }).join(";");
  const watch = () => {
    stops = all("a[href], button, summary, input, select, textarea, [tabindex]").filter(e => e.tabIndex >= 0 && seen(e)).map(e => ({ e, look: look(e) }));
    halted = [];
    document.addEventListener("focusin", event => {
      const r = event.target.getBoundingClientRect();
      halted.push({ e: event.target, look: look(event.target), out: r.right <= 0 || r.bottom <= 0 || r.left >= innerWidth || r.top >= innerHeight });
    });
    return stops.length;
  };
  const watched = () => stops.flatMap(({ e, look }, i) => {
    const at = halted[i];
    if (at?.e !== e) return [`stop ${i + 1} of the Tab key is ${at ? what(at.e) : "nothing"}, want ${what(e)}`];
    return (at.look === look ? [`${what(e)} looks the same with the focus`] : []).concat(at.out ? [`${what(e)} has the focus out of sight`] : []);
  });

  return { fits, labels, folded, tips, sorts, watch, watched };
})();
