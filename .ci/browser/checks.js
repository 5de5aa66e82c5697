"use strict";
// Checks for which axe-core has no rule. Each answers a list of faults, one
// sentence each; the list of a sound page is empty. No check knows a page's name.
// TestFaults shows each check a fault that it must find.
globalThis.checks = (() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const seen = e => e.checkVisibility({ visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true });
  const what = e => `<${e.localName} class="${e.getAttribute("class") ?? ""}"> ${JSON.stringify(e.textContent.trim().slice(0, 60))}`;

  // fits: the page doesn't scroll sideways, and nothing is cut. On paper, anything
  // that scrolls is cut, too.
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

  // labels: no text of a picture is too small, outside the picture, or over another
  // text. A box of text is as tall as a line of the font, so a small overlap in
  // height doesn't count.
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

  // folded: on paper, a closed details element shows its content, too.
  const folded = () => all("details > :not(summary)").filter(e => !seen(e)).map(e => `${what(e)} is not printed`);

  // tips: with the focus on a mark, the mark's figure shows and no other.
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

  // sorts: each button of a table sorts its rows up, and down when pressed again. It
  // sorts by value where cells have one, puts cells without a value last, and keeps
  // the rows whole.
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

  // watch notes the elements that the Tab key must reach. watched compares them with
  // those that it reached: all, in the page's order, each visible.
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
