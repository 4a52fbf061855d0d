"use strict";
(() => {
  const make = (tag, fields = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), fields);
    element.append(...children);
    return element;
  };

  const save = (name, type, text) => {
    const url = URL.createObjectURL(new Blob([text], { type }));
    make("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };

  // Sorting: numbers by their full precision, cells without a number last, ties in the order they had.
  const valueOf = (cell) => {
    const stored = cell.dataset.v;
    if (stored === undefined) return cell.textContent.trim();
    return stored === "" ? null : Number(stored);
  };

  const compare = (a, b, direction) => {
    if (a === null || b === null) return (a === null) - (b === null);
    const order = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
    return direction * order;
  };

  const sortBy = (table, header) => {
    const first = header.classList.contains("n") ? "descending" : "ascending";
    const opposite = first === "descending" ? "ascending" : "descending";
    const wanted = header.getAttribute("aria-sort") === first ? opposite : first;
    for (const heading of table.tHead.rows[0].cells) heading.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", wanted);
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [valueOf(row.cells[header.cellIndex]), row]);
    rows.sort(([a], [b]) => compare(a, b, wanted === "ascending" ? 1 : -1));
    body.append(...rows.map(([, row]) => row));
  };

  const sortable = (table) => {
    for (const header of table.tHead.rows[0].cells) {
      const button = make("button", { type: "button", textContent: header.textContent, title: header.title });
      header.replaceChildren(button);
      header.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sortBy(table, header));
    }
  };

  // Filtering: a row stays if it has all words; "-word" means without.
  const matches = (text, words) =>
    words.every((word) => (word.length > 1 && word[0] === "-" ? !text.includes(word.slice(1)) : text.includes(word)));

  // A text that a spreadsheet would take for a formula is quoted; numbers are none, whatever their sign.
  const harmless = (text) => (/^[=+\-@\t\r]/.test(text) && !/^[+-][\d.]+(e[+-]?\d+)?( ?%)?$/i.test(text) ? `'${text}` : text);

  // Numbers in full precision; what stands below them (limits, counts) in a column of its own.
  const csvOf = (table) => {
    const headers = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
    const below = (cell) => cell.querySelector("small")?.textContent.replaceAll("\u2212", "-") ?? "";
    const detailed = headers.map((header) => rows.some((row) => below(row.cells[header.cellIndex])));
    const line = (cells, text, detail) => cells.flatMap((cell, at) => (detailed[at] ? [text(cell), detail(cell)] : [text(cell)]));
    const title = (cell) => cell.textContent.trim();
    const value = (cell) => {
      const text = cell.firstChild.textContent.trim().replaceAll("\u2212", "-");
      return text.startsWith("[") ? text : (cell.dataset.v ?? text);
    };
    const lines = [line(headers, title, (cell) => `${title(cell)} (detail)`)];
    for (const row of rows) lines.push(line([...row.cells], value, below));
    return lines.map((cells) => cells.map((text) => `"${harmless(text).replaceAll('"', '""')}"`).join(",")).join("\r\n") + "\r\n";
  };

  const tools = (box) => {
    const table = document.getElementById(box.dataset.for);
    const rows = [...table.tBodies[0].rows];
    const { title } = box.dataset;
    const input = make("input", { type: "search", placeholder: "Filter rows by words" });
    input.setAttribute("aria-label", `Filter the rows of: ${title}`);
    const count = make("span");
    count.setAttribute("aria-live", "polite");
    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !matches(row.textContent.toLowerCase(), words);
      const left = rows.filter((row) => !row.hidden).length;
      count.textContent = left === rows.length ? `${left} rows` : `${left} of ${rows.length} rows`;
    };
    input.addEventListener("input", filter);
    const csv = make("button", { type: "button", textContent: "Save as CSV" });
    csv.addEventListener("click", () => save(`${box.dataset.for}.csv`, "text/csv", csvOf(table)));
    if (rows.length > 1) box.append(input, count);
    box.append(make("span", { className: "space" }), csv);
    filter();
    sortable(table);
  };

  for (const box of document.querySelectorAll(".tools")) tools(box);

  const source = document.getElementById("document-data");
  const download = make("button", { type: "button", textContent: "Save the data as JSON" });
  download.addEventListener("click", () => {
    save(`${source.dataset.name}.json`, "application/json", source.textContent);
  });
  document.getElementById("download").append(download);

  // A link to a folded place unfolds it; printing unfolds everything and folds it back.
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")].filter((part) => !part.closest(".origin"));
    for (const part of folded) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of folded) part.open = false;
  });
})();
