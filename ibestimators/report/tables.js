const boxes = new ResizeObserver(entries => {
  for (const { target } of entries)
    target.classList.toggle("cut", target.scrollWidth > target.clientWidth);
});
for (const box of document.querySelectorAll(".scroll")) boxes.observe(box);

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const sort = (head, column) => {
    const numeric = head.classList.contains("number");
    // Numbers begin with the largest, words with the first of the alphabet.
    const before = head.getAttribute("aria-sort");
    const down = before === "none" ? numeric : before === "ascending";
    const value = row => {
      const cell = row.cells[column];
      return numeric ? parseFloat(cell.dataset.value) : cell.textContent;
    };
    const compare = (a, b) => {
      if (!numeric) return a.localeCompare(b) * (down ? -1 : 1);
      if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b); // the missing last, always
      return (a - b) * (down ? -1 : 1);
    };
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => compare(value(a), value(b)));
    table.tBodies[0].append(...rows);
    for (const other of heads) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
  };
  heads.forEach((head, column) =>
    head.querySelector("button").addEventListener("click", () => sort(head, column)));
  table.parentElement.nextElementSibling.hidden = false; // how to sort
}
