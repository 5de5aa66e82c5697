"use strict";
// Checks of a page that a reader's eye, keyboard or screen reader would make.
// Each is a function that answers what it found, a sentence each: an empty
// list is a sound page. Nothing here knows the report: any page can be held to
// it, and audit_linux_test.go shows each check a page that it has to refuse.
globalThis.audit = (() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // what is an element for a reader of a finding.
  const what = e => {
    const said = (e.getAttribute("aria-label") || e.textContent || "").trim().replace(/\s+/g, " ");
    const of = e.closest("section[id], figure, nav, header, footer");
    return `<${e.localName}${e.id ? " id=" + e.id : ""}${e.getAttribute("class") ? " class=" + JSON.stringify(e.getAttribute("class")) : ""}>` +
      (said ? ` "${said.slice(0, 60)}"` : "") + (of && of !== e ? ` in ${of.localName}${of.id ? " " + of.id : ""}` : "");
  };
  const seen = e => e.checkVisibility({ visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true });

  // texts are the text nodes that are shown.
  const texts = () => {
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), nodes = [];
    while (walk.nextNode()) {
      const parent = walk.currentNode.parentElement;
      if (walk.currentNode.data.trim() && !parent.closest("script, style, title, desc") && seen(parent)) nodes.push(walk.currentNode);
    }
    return nodes;
  };

  // fits: the page doesn't scroll sideways, nothing is squeezed to a few letters
  // a line, and nothing is cut where it can't be scrolled to. On paper nothing
  // can be.
  const fits = () => {
    const found = [], wide = document.documentElement.clientWidth;
    const scrolls = e => ["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(e).overflowX);
    if (document.scrollingElement.scrollWidth > wide) {
      const inside = e => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) if (scrolls(p)) return true; return false; };
      const out = all("body *").filter(e => seen(e) && e.getBoundingClientRect().right > wide + 1 && !inside(e));
      found.push(`the page is ${document.scrollingElement.scrollWidth} px wide, and the window ${wide}: ${out.slice(-3).map(what).join("; ")}`);
    }
    const range = document.createRange(), squeezed = new Set();
    for (const node of texts()) {
      if (node.parentElement.closest("svg") || squeezed.has(node.parentElement)) continue;
      range.selectNodeContents(node);
      const lines = new Set([...range.getClientRects()].map(r => Math.round(r.top))).size, letters = node.data.trim().length;
      if (lines > 3 && letters < 4 * lines && squeezed.add(node.parentElement)) found.push(`${what(node.parentElement)} is squeezed: ${letters} letters in ${lines} lines`);
    }
    for (const e of all("body *")) {
      if (!seen(e) || e.closest("svg") || e.scrollWidth <= e.clientWidth + 1 || !e.clientWidth) continue;
      const cuts = ["hidden", "clip"].includes(getComputedStyle(e).overflowX);
      if (cuts || paper() && scrolls(e)) found.push(`${what(e)} is cut: ${e.scrollWidth} px wide in ${e.clientWidth}`);
    }
    return found;
  };

  // glyphs: no character is drawn as a font draws those that it lacks. The
  // box is the same for all of them, so three that Unicode has not assigned
  // show what it looks like.
  const glyphs = () => {
    const found = [], size = 40, pen = new OffscreenCanvas(size, size).getContext("2d", { willReadFrequently: true });
    const drawn = (font, character) => {
      pen.clearRect(0, 0, size, size);
      pen.font = font;
      pen.fillText(character, 8, 28);
      const pixels = pen.getImageData(0, 0, size, size).data;
      let hash = 0, ink = 0;
      for (let i = 3; i < pixels.length; i += 4) { hash = (Math.imul(hash, 31) + pixels[i]) | 0; ink += pixels[i]; }
      return ink ? hash : "blank";
    };
    const fonts = new Map(), add = (style, text, where) => {
      const font = `${style.fontStyle} ${style.fontWeight} 20px ${style.fontFamily}`;
      if (!fonts.has(font)) fonts.set(font, new Map());
      for (const c of text) if (/\S/.test(c) && !fonts.get(font).has(c)) fonts.get(font).set(c, where);
    };
    for (const node of texts()) add(getComputedStyle(node.parentElement), node.data, node.parentElement);
    for (const e of all("body *")) for (const pseudo of ["::before", "::after"]) {
      const style = getComputedStyle(e, pseudo), text = /^"(.+)"$/.exec(style.content);
      if (text) add(style, text[1], e);
    }
    for (const [font, characters] of fonts) {
      const boxes = ["\u0378", "\u2fe0", "\u{1fbff}"].map(c => drawn(font, c));
      if (boxes.includes("blank")) { found.push(`${font}: shows nothing for a character that it lacks, so none can be told from a missing one`); continue; }
      for (const [c, where] of characters) {
        const looks = drawn(font, c);
        if (boxes.includes(looks) || looks === "blank") found.push(`U+${c.codePointAt(0).toString(16).padStart(4, "0")} "${c}" has no glyph in ${font}: ${what(where)}`);
      }
    }
    return found;
  };

  // values: no text and no attribute has what a program writes for want of a
  // value.
  const values = () => {
    const none = /NaN|undefined|Infinity|[+-]Inf\b|<nil>|%![a-zA-Z]?\(|ZgotmplZ|\[object /, found = [];
    const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const e = walk.currentNode.parentElement;
      if (!e.closest("script, style") && none.test(walk.currentNode.data)) found.push(`${what(e)} says "${none.exec(walk.currentNode.data)[0]}"`);
    }
    for (const e of all(":not(meta[http-equiv])")) for (const a of e.attributes) { // a policy's hashes may hold anything
      if (none.test(a.value)) found.push(`${what(e)}: ${a.name} is "${a.value.slice(0, 80)}"`);
    }
    return found;
  };

  // shapes: coordinates are numbers, paths lead somewhere, and what is shown
  // lies within its picture.
  const shapes = () => {
    const found = [];
    for (const e of all("svg *")) {
      for (const name of ["x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "width", "height"]) {
        const v = e.getAttribute(name);
        if (v !== null && !/^-?\d+(\.\d+)?(e-?\d+)?(px|%)?$/.test(v)) found.push(`${what(e)}: ${name} is "${v}"`);
      }
      if (e.localName === "path") {
        const d = e.getAttribute("d") || "";
        if (!/^M\s*-?[\d.][-\d.,\sMmLlHhVvCcSsQqTtAaZz]*$/.test(d) || seen(e) && !(e.getTotalLength() > 0)) found.push(`${what(e)}: its path leads nowhere: "${d.slice(0, 60)}"`);
      }
    }
    for (const svg of all("svg").filter(seen)) {
      const frame = svg.viewBox.baseVal;
      if (!frame || !(frame.width > 0 && frame.height > 0)) { found.push(`${what(svg)} has no viewBox`); continue; }
      const all_ = all("path, line, rect, circle, ellipse, polygon, polyline", svg).filter(e => seen(e) && !e.closest("defs, clipPath, marker, pattern"));
      if (!all_.length) found.push(`${what(svg)} draws nothing`);
      for (const e of all_) {
        const style = getComputedStyle(e), b = e.getBBox();
        if (alpha(style.fill) === 0 && alpha(style.stroke) === 0) continue;
        if (b.x < frame.x - 1 || b.y < frame.y - 1 || b.x + b.width > frame.x + frame.width + 1 || b.y + b.height > frame.y + frame.height + 1)
          found.push(`${what(e)} lies outside its picture ${what(svg)}: ${[b.x, b.y, b.width, b.height].map(Math.round)} in ${frame.width} by ${frame.height}`);
      }
    }
    return found;
  };

  // labels: no text of a picture is cut, too small, over another, or under a
  // mark. Boxes of text are as tall as the font's lines, so a little of their
  // height is no overlap.
  const labels = () => {
    const found = [], smallest = 8;
    const box = e => { const r = e.getBoundingClientRect(); return { e, left: r.left, right: r.right, top: r.top + .18 * r.height, bottom: r.bottom - .18 * r.height }; };
    const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
    for (const svg of all("svg").filter(seen)) {
      const frame = svg.getBoundingClientRect();
      const allowed = getComputedStyle(svg).overflow === "visible" ? 4 : 1; // into the margin, where it can be seen
      const boxes = all("text", svg).filter(e => seen(e) && e.textContent.trim()).map(box);
      for (const t of boxes) {
        const size = parseFloat(getComputedStyle(t.e).fontSize) * svg.getScreenCTM().a;
        if (size < smallest) found.push(`${what(t.e)} is ${size.toFixed(1)} px small`);
        if (t.left < frame.left - allowed || t.right > frame.right + allowed || t.top < frame.top - allowed || t.bottom > frame.bottom + allowed) found.push(`${what(t.e)} sticks out of ${what(svg)}`);
        if (/…\s*$/.test(t.e.textContent)) found.push(`${what(t.e)} is cut`);
      }
      boxes.forEach((a, i) => { for (const b of boxes.slice(i + 1)) if (meet(a, b)) found.push(`${what(a.e)} and ${what(b.e)} lie over each other`); });
      const dots = all("path, circle, ellipse, polygon", svg).filter(e => seen(e) && alpha(getComputedStyle(e).fill) > .5);
      for (const e of dots) {
        const r = e.getBoundingClientRect(), over = boxes.find(t => meet(t, r) && t.e.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING);
        if (over) found.push(`${what(over.e)} is hidden by ${what(e)} of ${what(e.parentElement)}`);
      }
    }
    return found;
  };

  // structure: what a screen reader and a keyboard go by, as far as the markup
  // says it. Names as the browser computes them are asked of the browser.
  const structure = () => {
    const found = [], say = (bad, text) => { if (bad) found.push(text); };
    const root = document.documentElement;
    say(!/^[a-z]{2}/.test(root.lang), "the page has no language");
    say(!document.title.trim(), "the page has no title");
    const viewport = document.querySelector("meta[name=viewport]");
    say(!viewport || !/width=device-width/.test(viewport.content), "the page doesn't take a phone's width");
    say(viewport && /user-scalable\s*=\s*(no|0)|maximum-scale/.test(viewport.content), "the page forbids to zoom");

    say(all("h1").length !== 1, `there are ${all("h1").length} h1`);
    let level = 0;
    for (const h of all("h1, h2, h3, h4, h5, h6").filter(seen)) {
      const next = Number(h.localName[1]);
      say(next > level + 1, `${what(h)} follows a heading of level ${level}`);
      say(!h.textContent.trim(), `${what(h)} is empty`);
      level = next;
    }

    const landmark = "header, main, footer, nav, aside, [role=main], [role=banner], [role=contentinfo]";
    say(all("main").length !== 1, `there are ${all("main").length} main`);
    for (const node of texts()) say(!node.parentElement.closest(landmark), `${what(node.parentElement)} is in no landmark`);

    for (const svg of all("svg")) say(!svg.closest("[aria-hidden=true]") && !svg.getAttribute("role"), `${what(svg)} has no role`);
    for (const f of all("figure")) say(!f.querySelector("figcaption") || !f.querySelector("figcaption").textContent.trim(), `${what(f)} has no caption`);
    for (const i of all("img")) say(!i.hasAttribute("alt"), `${what(i)} has no alt`);

    for (const t of all("table")) {
      say(!t.caption || !t.caption.textContent.trim(), `${what(t)} has no caption`);
      say(!t.tHead || !t.tHead.rows.length, `${what(t)} has no head`);
      const width = r => [...r.cells].reduce((n, c) => n + c.colSpan, 0), widths = new Set([...t.rows].map(width));
      say(widths.size > 1, `${what(t)} has rows of ${[...widths].join(" and ")} columns`);
      for (const th of all("th", t)) {
        say(!["col", "row", "colgroup", "rowgroup"].includes(th.scope), `${what(th)} has no scope`);
        say(!th.textContent.trim(), `${what(th)} of ${what(t)} is empty`);
      }
      for (const r of t.tBodies.length ? t.tBodies[0].rows : []) say(!r.querySelector("th[scope=row]"), `${what(r)} has no heading of its own`);
      for (const th of all("[aria-sort]", t)) say(th.localName !== "th" || th.scope !== "col", `${what(th)} is no column's heading, and has aria-sort`);
    }

    for (const l of all("ul, ol")) for (const c of l.children) say(!["li", "script", "template"].includes(c.localName), `${what(c)} stands in a list and is no item`);
    for (const l of all("li")) say(!l.closest("ul, ol, menu"), `${what(l)} is in no list`);
    for (const l of all("dl")) for (const c of l.children) say(!["dt", "dd", "div"].includes(c.localName), `${what(c)} stands in a list of terms`);
    for (const d of all("details")) say(!d.firstElementChild || d.firstElementChild.localName !== "summary", `${what(d)} has no summary`);

    const ids = new Map();
    for (const e of all("[id]")) ids.set(e.id, (ids.get(e.id) || 0) + 1);
    for (const [id, n] of ids) say(n > 1, `${n} elements have the id ${id}`);
    for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "aria-details", "for", "headers"])
      for (const e of all(`[${name}]`)) for (const id of e.getAttribute(name).split(/\s+/)) say(!ids.has(id), `${what(e)}: ${name} refers to ${id}, which is not there`);
    for (const a of all("a[href^='#']")) say(!ids.has(decodeURIComponent(a.hash.slice(1))), `${what(a)} leads to ${a.hash}, which is not there`);

    for (const e of all("[tabindex]")) {
      say(e.tabIndex > 0, `${what(e)} has the tabindex ${e.tabIndex}`);
      say(e.closest("[aria-hidden=true]") && e.tabIndex >= 0, `${what(e)} takes the focus and is hidden from screen readers`);
      say(!e.getAttribute("role") && !["a", "button", "summary"].includes(e.localName), `${what(e)} takes the focus and has no role`);
    }
    for (const e of all(".scroll, [style*=overflow]").concat(all("body *").filter(e => ["auto", "scroll"].includes(getComputedStyle(e).overflowX))))
      say(seen(e) && e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0, `${what(e)} scrolls, and no key can scroll it`);
    for (const e of all("button, summary").filter(seen)) {
      const r = e.getBoundingClientRect();
      say(r.height < 24 || r.width < 24, `${what(e)} is ${Math.round(r.width)} by ${Math.round(r.height)} px, too small to hit`);
    }
    return [...new Set(found)];
  };

  // Colours, as [red, green, blue, alpha], 0 to 1 each.
  const parsed = new Map(), dab = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const colour = css => {
    if (!parsed.has(css)) {
      const plain = /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(css);
      if (plain) parsed.set(css, [plain[1] / 255, plain[2] / 255, plain[3] / 255, plain[4] === undefined ? 1 : Number(plain[4])]);
      else if (css === "none" || css === "transparent") parsed.set(css, [0, 0, 0, 0]);
      else {
        dab.clearRect(0, 0, 1, 1);
        dab.fillStyle = css;
        dab.fillRect(0, 0, 1, 1);
        parsed.set(css, [...dab.getImageData(0, 0, 1, 1).data].map(v => v / 255));
      }
    }
    return parsed.get(css);
  };
  const alpha = css => colour(css)[3];
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const faded = (c, by) => [c[0], c[1], c[2], c[3] * by];
  const luminance = c => { const l = c.slice(0, 3).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * l[0] + .7152 * l[1] + .0722 * l[2]; };
  const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const opacity = e => { let o = 1; for (; e; e = e.parentElement) o *= Number(getComputedStyle(e).opacity); return o; };
  const paper = () => matchMedia("print").matches; // which has no colour of its own
  const ground = e => {
    if (paper()) return [1, 1, 1, 1];
    const layers = [];
    for (; e; e = e.parentElement) {
      const c = colour(getComputedStyle(e).backgroundColor);
      if (c[3] > 0) layers.push(c);
      if (c[3] === 1) break;
    }
    const dark = matchMedia("(prefers-color-scheme: dark)").matches && /dark/.test(getComputedStyle(document.documentElement).colorScheme);
    return layers.reverse().reduce((below, c) => over(c, below), dark ? [.07, .07, .07, 1] : [1, 1, 1, 1]);
  };
  const drawable = "rect, path, circle, ellipse, polygon";

  // contrast: text 4.5 to 1, large text and what a picture says 3 to 1 (WCAG
  // 2.2, 1.4.3 and 1.4.11), on what lies below it. A picture's grid, leaders
  // and areas that only catch the pointer say nothing.
  const contrast = () => {
    const found = new Map(), say = (key, text) => { if (!found.has(key)) found.set(key, text); };
    const below = (text, base) => { // of a picture's text, at three points of it
      const svg = text.ownerSVGElement, r = text.getBoundingClientRect();
      const under = all(drawable, svg).filter(s => s.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING && seen(s) && alpha(getComputedStyle(s).fill) > 0);
      return [.1, .5, .9].map(part => {
        const at = new DOMPoint(r.left + part * r.width, (r.top + r.bottom) / 2);
        return under.filter(s => s.isPointInFill(at.matrixTransform(s.getScreenCTM().inverse())))
          .reduce((c, s) => { const style = getComputedStyle(s); return over(faded(colour(style.fill), style.fillOpacity * opacity(s)), c); }, base);
      });
    };
    for (const node of texts()) {
      const e = node.parentElement, style = getComputedStyle(e), picture = e.closest("svg");
      const ink = faded(colour(picture ? style.fill : style.color), opacity(e) * (picture ? style.fillOpacity : 1));
      const base = ground(e), grounds = picture ? below(e.closest("text"), base) : [base];
      const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
      const worst = Math.min(...grounds.map(g => ratio(over(ink, g), g)));
      if (worst < (large ? 3 : 4.5)) say(`${style.color}${style.fill}${base}${e.className.baseVal ?? e.className}`, `${what(e)} has a contrast of ${worst.toFixed(2)}`);
    }
    for (const svg of all("svg").filter(seen)) {
      const base = ground(svg);
      for (const s of all(`${drawable}, line, polyline`, svg).filter(seen)) {
        if (s.matches(".grid, .leader, .hit, .ground")) continue;
        const style = getComputedStyle(s), o = opacity(s);
        const inks = [faded(colour(style.fill), style.fillOpacity * o), parseFloat(style.strokeWidth) > 0 ? faded(colour(style.stroke), style.strokeOpacity * o) : [0, 0, 0, 0]];
        const best = Math.max(...inks.map(c => ratio(over(c, base), base)));
        if (best < 3) say(`${s.getAttribute("class")}${style.fill}${style.stroke}${base}`, `${what(s)} of ${what(s.parentElement)} has a contrast of ${best.toFixed(2)}`);
      }
    }
    for (const s of all(".swatch").filter(seen)) {
      if (paper() && getComputedStyle(s).printColorAdjust !== "exact") say("swatch", `${what(s)} is a background, which no browser prints unasked`);
      const c = ratio(over(colour(getComputedStyle(s).backgroundColor), ground(s.parentElement)), ground(s.parentElement));
      if (c < 3) say(s.className, `${what(s)} has a contrast of ${c.toFixed(2)}`);
    }
    return [...found.values()];
  };

  // hidden: without a script nothing is out of reach. What a closed details
  // holds can be opened, a picture's exact figures appear by pointing, and of
  // a picture in two widths one is enough.
  const hidden = () => {
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
    while (walk.nextNode()) {
      const e = walk.currentNode.parentElement;
      if (!walk.currentNode.data.trim() || e.closest("script, style, title, desc, noscript, [hidden], [aria-hidden=true]") || seen(e)) continue;
      const closed = e.closest("details:not([open])");
      if (closed && seen(closed.querySelector("summary"))) continue;
      const figure = e.closest("figure");
      if (figure && e.closest("svg") && all("svg", figure).some(seen)) continue;
      found.push(`${what(e)} is hidden`);
    }
    return found;
  };

  // stops are where the Tab key has to halt, in its order. Watched, each one's
  // look is noted with and without the focus.
  let stops, halted;
  const look = e => [e, ...e.querySelectorAll("*")].slice(0, 20).map(x => {
    const s = getComputedStyle(x);
    return [s.outlineStyle, s.outlineStyle === "none" ? "" : s.outlineColor + s.outlineWidth, s.boxShadow, s.backgroundColor, s.borderColor, s.stroke, s.strokeWidth, s.visibility].join();
  }).join(";");
  const watch = () => {
    stops = all("a[href], button, summary, input, select, textarea, [tabindex]").filter(e => e.tabIndex >= 0 && !e.disabled && seen(e)).map(e => ({ e, look: look(e) }));
    halted = [];
    document.addEventListener("focusin", event => {
      const e = event.target, stop = stops.find(s => s.e === e), style = getComputedStyle(e), findings = [];
      if (!stop) findings.push(`${what(e)} takes the focus and should not`);
      else if (stop.look === look(e)) findings.push(`${what(e)} looks the same with the focus`);
      if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 && ratio(colour(style.outlineColor), ground(e.parentElement)) < 3) findings.push(`${what(e)}: the outline of the focus has too little contrast`);
      const r = e.getBoundingClientRect();
      if (r.right <= 0 || r.bottom <= 0 || r.left >= innerWidth || r.top >= innerHeight) findings.push(`${what(e)} has the focus out of sight`);
      halted.push({ e, findings });
    });
    return stops.length;
  };
  const watched = () => {
    const found = halted.flatMap(h => h.findings);
    for (const s of stops) if (!halted.some(h => h.e === s.e)) found.push(`${what(s.e)} is never reached by the Tab key`);
    const order = halted.map(h => stops.findIndex(s => s.e === h.e));
    order.forEach((at, i) => { if (i > 0 && at !== order[i - 1] + 1) found.push(`from ${what(halted[i - 1].e)} the Tab key leads to ${what(halted[i].e)}`); });
    return found;
  };

  return { fits, glyphs, values, shapes, labels, structure, contrast, hidden, watch, watched };
})();
