// A skeleton over a picture that can be dragged, by hand or by keys.

import { JOINTS, LIMBS, copy, nearest, placed, pulled, side, sideOfLimb } from "./body.js";

const SVG = "http://www.w3.org/2000/svg";
export const make = (name, attributes = {}) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

// A small drawing of a pose, cropped to the body.
export function drawing(pose, { height }) {
  const [xs, ys] = [0, 1].map((axis) => pose.filter(Boolean).map((point) => point[axis]));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const margin = 0.07 * height;
  const tall = Math.max(Math.max(...ys) - top, 0.6 * height) + 2 * margin;
  const wide = Math.max(Math.max(...xs) - left + 2 * margin, 0.6 * tall);
  const viewBox = [(left + Math.max(...xs) - wide) / 2, top - margin, wide, tall].map(Math.round).join(" ");
  const svg = make("svg", { viewBox, class: "figure", "aria-hidden": "true" });
  for (const limb of LIMBS) {
    const [a, b] = limb.map((j) => pose[j]);
    if (a && b) svg.append(make("line", { x1: a[0], y1: a[1], x2: b[0], y2: b[1], class: sideOfLimb(limb) }));
  }
  if (pose[0] || pose[1]) {
    const head = pose[0] || [pose[1][0], pose[1][1] - 0.12 * height];
    svg.append(make("circle", { cx: head[0], cy: head[1], r: 0.045 * height, class: "head" }));
  }
  return svg;
}

const STILL = 3; // CSS pixels that a hand may tremble

export class Stage {
  #enabled = true;

  // Calls: `start` before the first change of a gesture, `move(pose)` during it, `end(pose)` after it.
  constructor(svg, { label, keepLengths, start, move, end, hide, say }) {
    Object.assign(this, { svg, label, keepLengths, start, move, end, hide, say });
    this.pose = Array(18).fill(null);
    this.frame = { height: 256, width: 176 };
    this.drag = null;
    this.keyed = null; // the joint that arrows are moving
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#moved(event));
    for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, (event) => this.#up(event));
    svg.addEventListener("keyup", (event) => event.key.startsWith("Arrow") && this.#keysUp());
    // Not on the drawing itself, which such a listener would make a stop of Tab in Chromium.
    svg.parentElement.addEventListener("focusout", () => this.#keysUp());
    svg.addEventListener("dblclick", (event) => this.#hideAt(event));
    svg.addEventListener("keydown", (event) => this.#key(event));
    this.#build();
  }

  show(pose, frame = this.frame) {
    if (frame.height !== this.frame.height || frame.width !== this.frame.width) {
      this.frame = frame;
      this.#build();
    }
    this.pose = copy(pose);
    this.keyed = null;
    if (this.drag?.moved || !pose[this.drag?.joint]) this.#letGo();
    else this.drag.from = copy(pose);
    this.#draw();
  }

  // Whether joints can be moved; a stop of Tab only then.
  get enabled() { return this.#enabled; }
  set enabled(on) {
    this.#enabled = on;
    this.svg.setAttribute("role", on ? "application" : "img"); // screen readers leave the keys to an application
    const keys = on ? "; full stop and comma choose one, arrows move it, Delete hides it" : "";
    this.svg.setAttribute("aria-label", this.label + keys);
    this.#reach(on ? this.#first() : null);
    for (const handle of this.handles) {
      handle.ariaHidden = on ? null : "true"; // of a drawing only the whole is told
      if (on) handle.setAttribute("role", "button");
      else for (const name of ["role", "tabindex"]) handle.removeAttribute(name);
    }
  }

  focus(joint) {
    this.#reach(joint);
    this.handles[joint].focus({ preventScroll: true });
  }

  #build() {
    const { height, width } = this.frame;
    const unit = height / 256;
    this.svg.setAttribute("viewBox", `-0.5 -0.5 ${width} ${height}`);
    this.svg.replaceChildren();
    this.halos = LIMBS.map(() => this.svg.appendChild(make("line", { class: "halo", "stroke-width": 4.4 * unit })));
    this.lines = LIMBS.map((limb) => this.svg.appendChild(make("line", { class: sideOfLimb(limb), "stroke-width": 2.2 * unit })));
    this.handles = JOINTS.map((name, joint) => {
      const small = joint >= 14 || joint === 0;
      return this.svg.appendChild(make("circle", {
        r: (small ? 2.1 : 3.3) * unit, class: `joint ${side(joint)}`, tabindex: -1, role: "button",
        "data-joint": joint, "stroke-width": 1.1 * unit,
      }));
    });
    this.enabled = this.#enabled;
    this.#draw();
  }

  #draw() {
    LIMBS.forEach(([a, b], i) => {
      const there = this.pose[a] && this.pose[b];
      for (const line of [this.halos[i], this.lines[i]]) {
        line.style.display = there ? "" : "none";
        if (!there) continue;
        line.setAttribute("x1", this.pose[a][0]);
        line.setAttribute("y1", this.pose[a][1]);
        line.setAttribute("x2", this.pose[b][0]);
        line.setAttribute("y2", this.pose[b][1]);
      }
    });
    this.handles.forEach((handle, joint) => {
      const point = this.pose[joint];
      handle.style.display = point ? "" : "none";
      if (!point) return;
      handle.setAttribute("cx", point[0]);
      handle.setAttribute("cy", point[1]);
      handle.setAttribute("aria-label", this.#place(joint));
    });
    if (!this.#enabled || !this.pose.some(Boolean)) return;
    const reachable = this.handles.findIndex((handle, joint) => handle.getAttribute("tabindex") === "0" && this.pose[joint]);
    if (reachable < 0) this.#reach(this.#first());
  }

  #first() { return this.pose[1] ? 1 : this.pose.findIndex(Boolean); }

  #place(joint) {
    return `${JOINTS[joint]}, ${this.pose[joint].map(Math.round).join(" across, ")} down`;
  }

  #reach(joint) {
    this.handles.forEach((handle, j) => handle.setAttribute("tabindex", j === joint ? 0 : -1));
  }

  #at(event) {
    const box = this.svg.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.frame.width - 0.5,
      ((event.clientY - box.top) / box.height) * this.frame.height - 0.5,
    ];
  }

  #down(event) {
    if (!this.enabled || event.button || !event.isPrimary) return; // a second finger takes nothing over
    const at = this.#at(event);
    const joint = nearest(this.pose, at, (event.pointerType === "touch" ? 20 : 12) * (this.frame.height / 256));
    if (joint === null) return;
    event.preventDefault();
    this.svg.setPointerCapture(event.pointerId);
    const grip = [this.pose[joint][0] - at[0], this.pose[joint][1] - at[1]];
    this.drag = { joint, grip, from: copy(this.pose), moved: false, x: event.clientX, y: event.clientY };
    this.handles[joint].classList.add("held");
    this.focus(joint);
  }

  #moved(event) {
    if (!this.drag || !event.isPrimary) return;
    const { drag } = this;
    const { joint, grip, from } = drag;
    const at = this.#at(event);
    if (!drag.moved) {
      if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < STILL) return;
      this.drag = null; // an animation that ends here shows another pose
      this.start();
      this.drag = drag;
      drag.moved = true;
    }
    const change = this.keepLengths() ? pulled : placed;
    this.pose = change(from, joint, [at[0] + grip[0], at[1] + grip[1]], this.frame);
    this.#draw();
    this.move(copy(this.pose));
  }

  #up(event) {
    if (!this.drag || !event.isPrimary) return;
    const { moved } = this.drag;
    this.#letGo();
    if (moved) this.end(copy(this.pose));
  }

  #letGo() {
    if (this.drag) this.handles[this.drag.joint].classList.remove("held");
    this.drag = null;
  }

  #hideAt(event) {
    if (!this.enabled) return;
    const joint = nearest(this.pose, this.#at(event), 12 * (this.frame.height / 256));
    if (joint !== null) this.#hideJoint(joint);
  }

  #hideJoint(joint) {
    this.#keysUp();
    this.start();
    this.pose[joint] = null;
    this.#draw();
    const next = this.pose.findIndex(Boolean);
    if (next >= 0) this.focus(next);
    this.say(`${JOINTS[joint]} hidden.`);
    this.hide(copy(this.pose));
  }

  // Tab reaches one joint; , and . go to the others, arrows move it, Delete hides it.
  #key(event) {
    const joint = Number(event.target.dataset?.joint);
    if (!this.enabled || Number.isNaN(joint) || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = (event.shiftKey ? 8 : 1) * (this.frame.height / 256);
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (by) {
      if (this.keyed !== joint) {
        this.#keysUp();
        this.start();
        if (!this.pose[joint]) return; // an animation ended here whose frame had it
        this.keyed = joint;
      }
      const change = this.keepLengths() ? pulled : placed;
      const [x, y] = this.pose[joint];
      this.pose = change(this.pose, joint, [x + by[0], y + by[1]], this.frame);
      this.#draw();
      this.move(copy(this.pose));
    } else if (event.key === "Delete" || event.key === "Backspace") this.#hideJoint(joint);
    else if (event.key === "." || event.key === ",") {
      const shown = this.pose.flatMap((point, j) => (point ? [j] : []));
      const index = shown.indexOf(joint) + (event.key === "." ? 1 : shown.length - 1);
      const next = shown[index % shown.length];
      this.focus(next);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // However long an arrow was held, it was one change.
  #keysUp() {
    if (this.keyed === null) return;
    const joint = this.keyed;
    this.keyed = null;
    this.say(`${this.#place(joint)}.`);
    this.end(copy(this.pose));
  }
}
