"use strict";
(() => {
  const root = document.documentElement;

  // The theme: the system's until the reader chooses.
  const button = document.getElementById("theme");
  if (button) {
    const dark = () =>
      (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const name = () => (button.textContent = dark() ? "Light theme" : "Dark theme");
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      name();
    });
    button.hidden = false;
    name();
  }

  // Values of a chart, by pointer and by keyboard.
  const tip = document.getElementById("tip");
  const show = (mark) => {
    tip.textContent = mark.getAttribute("aria-label");
    tip.hidden = false;
    const at = mark.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left + at.width / 2 - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 8);
    const above = at.top - tip.offsetHeight - 8;
    tip.style.left = left + "px";
    tip.style.top = (above < 8 ? at.bottom + 8 : above) + "px";
  };
  const hide = () => (tip.hidden = true);
  for (const layer of document.querySelectorAll(".values")) {
    layer.addEventListener("pointerover", (event) => event.target.matches("rect") && show(event.target));
    layer.addEventListener("pointerout", hide);
    layer.addEventListener("focusin", (event) => event.target.matches("rect") && show(event.target));
    layer.addEventListener("focusout", hide);
    layer.addEventListener("keydown", (event) => {
      const marks = [...layer.querySelectorAll("rect")];
      const now = marks.indexOf(event.target);
      const steps = { ArrowRight: now + 1, ArrowDown: now + 1, ArrowLeft: now - 1, ArrowUp: now - 1, Home: 0, End: marks.length - 1 };
      if (event.key === "Escape") return hide();
      const next = marks[steps[event.key]];
      if (now < 0 || !next) return;
      event.preventDefault();
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }
  addEventListener("scroll", hide, { passive: true, capture: true });

  // Tables: a heading sorts by the values of its cells, not by their text.
  for (const table of document.querySelectorAll("table")) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const sort = document.createElement("button");
      sort.type = "button";
      sort.textContent = head.textContent;
      head.replaceChildren(sort);
      sort.addEventListener("click", () => {
        const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const numeric = head.classList.contains("num");
        const key = (row) => {
          const cell = row.cells[column];
          if (!numeric) return cell.textContent;
          return cell.dataset.key === undefined ? null : Number(cell.dataset.key);
        };
        const rows = [...body.rows].map((row) => [key(row), row]);
        // Rows without a value stay last in either order.
        rows.sort(([a], [b]) =>
          a === null || b === null ? (a === null) - (b === null) : sign * (numeric ? a - b : a.localeCompare(b)));
        body.append(...rows.map(([, row]) => row));
      });
    });
  }
})();
