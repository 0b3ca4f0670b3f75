// A list of any length, of which only the visible rows exist. Rows are of one height.
//
// For a screen reader it is a listbox: each row says its place and how many there are.

const SPARE_ROWS = 6;

export class List {
  #rows = [];
  #items = [];
  #selected = -1;
  #first = -1;
  #last = -1;
  #waits = false;

  // `fill(row, item, at)` writes a row's content; `choose(item)` is called with the selected item.
  constructor(element, rowHeight, fill, choose) {
    this.element = element;
    this.rowHeight = rowHeight;
    this.fill = fill;
    this.choose = choose;
    this.canvas = document.createElement("div");
    this.canvas.className = "list-canvas";
    this.canvas.role = "presentation";
    element.append(this.canvas);
    element.addEventListener("scroll", () => this.#later(), { passive: true });
    new ResizeObserver(() => this.#later()).observe(element);
    element.addEventListener("keydown", (event) => this.#key(event));
    this.canvas.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) choose(this.#items[Number(row.dataset.at)]);
    });
  }

  // Show other items; `selected` is the index of the selected one, or -1.
  show(items, selected) {
    this.#items = items;
    this.#selected = selected;
    this.canvas.style.height = `${items.length * this.rowHeight}px`;
    this.#first = -1;
    this.#draw();
  }

  select(at) {
    if (at === this.#selected) return;
    this.#selected = at;
    this.#first = -1;
    this.reveal(at);
    this.#draw();
  }

  reveal(at) {
    if (at < 0) return;
    const { scrollTop, clientHeight } = this.element;
    const top = at * this.rowHeight;
    if (top < scrollTop || top + this.rowHeight > scrollTop + clientHeight) {
      this.element.scrollTop = top - Math.max(0, (clientHeight - this.rowHeight) / 2);
    }
  }

  #later() {
    if (this.#waits) return;
    this.#waits = true;
    requestAnimationFrame(() => {
      this.#waits = false;
      this.#draw();
    });
  }

  #draw() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / this.rowHeight) - SPARE_ROWS);
    const last = Math.min(
      this.#items.length,
      Math.ceil((scrollTop + clientHeight) / this.rowHeight) + SPARE_ROWS,
    );
    if (first === this.#first && last === this.#last) return;
    this.#first = first;
    this.#last = last;
    while (this.#rows.length < last - first) this.#rows.push(this.#newRow());
    this.#rows.forEach((row, n) => this.#place(row, first + n, last));
    const active = this.#selected >= first && this.#selected < last;
    if (active) this.element.setAttribute("aria-activedescendant", this.#idOf(this.#selected - first));
    else this.element.removeAttribute("aria-activedescendant");
  }

  #idOf(row) {
    return `${this.element.id}-row-${row}`;
  }

  #newRow() {
    const row = document.createElement("div");
    row.role = "option";
    row.className = "row";
    row.id = this.#idOf(this.#rows.length);
    this.canvas.append(row);
    return row;
  }

  #place(row, at, last) {
    row.hidden = at >= last;
    if (row.hidden) return;
    row.dataset.at = at;
    row.style.transform = `translateY(${at * this.rowHeight}px)`;
    row.setAttribute("aria-setsize", this.#items.length);
    row.setAttribute("aria-posinset", at + 1);
    row.setAttribute("aria-selected", at === this.#selected);
    this.fill(row, this.#items[at], at);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    let at;
    if (event.key in steps) at = this.#selected + steps[event.key];
    else if (event.key === "Home") at = 0;
    else if (event.key === "End") at = this.#items.length - 1;
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (!this.#items.length) return;
    this.choose(this.#items[Math.min(this.#items.length - 1, Math.max(0, at))]);
  }
}
