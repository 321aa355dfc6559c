// Undo and redo over whole states; `take` copies the present one, `put` brings one back.

export class Undo {
  constructor(take, put, changed) {
    Object.assign(this, { take, put, changed, past: [], future: [] });
  }

  // To be called before something changes.
  mark() {
    this.past.push(this.take());
    if (this.past.length > 80) this.past.shift();
    this.future = [];
    this.changed();
  }

  undo() { this.#step(this.past, this.future); }
  redo() { this.#step(this.future, this.past); }

  clear() {
    this.past = [];
    this.future = [];
    this.changed();
  }

  #step(from, to) {
    if (!from.length) return;
    to.push(this.take());
    this.put(from.pop());
    this.changed();
  }
}
