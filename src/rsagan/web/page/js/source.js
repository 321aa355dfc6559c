// The photo: what was found on it, and its correction.

import { analyse, base64, png, post } from "./api.js";
import { JOINTS, copy, fromJson, toJson } from "./body.js";
import { Regions, pixels } from "./regions.js";
import { Stage } from "./stage.js";
import { $, plain, press, pressed, radios, say } from "./ui.js";

const MOST_OTHERS = 3;
const ALSO = { // what else belongs to a region
  background: "All that is not this person",
  face: "Also the skin of neck and chest",
  upper: "What is worn above the waist",
  dress: "Also jumpsuits and skirts",
  arms: "Also hands, and the skin of a bare midriff",
  legs: "Also socks and shoes",
};

export class SourceCard {
  // `mark` is called before a change, `changed` after it, `another(index)` when another person is chosen; it resolves to
  // whether they could be taken.
  constructor({ mark, changed, another }) {
    Object.assign(this, { mark, changed, another });
    this.pose = Array(18).fill(null);
    this.found = this.pose;
    this.others = []; // more photos of the person: each with what was found on it, its name at the service and an address to show
    this.stage = new Stage($("source-stage"), {
      label: "Joints of the photo",
      keepLengths: () => false,
      start: mark,
      move: () => {},
      end: (pose) => this.#corrected(pose),
      hide: (pose) => this.#corrected(pose),
      say,
    });
    this.regions = new Regions($("regions"), { start: mark, end: () => this.#painted(), say });
    for (const [id, draw] of [["show-joints", "joints"], ["show-regions", "regions"]]) {
      $(id).onclick = () => this.#showing(draw, !pressed($(id)));
    }
    $("edit-joints").onclick = () => this.#mode(pressed($("edit-joints")) ? null : "joints");
    $("paint").onclick = () => this.#mode(pressed($("paint")) ? null : "paint");
    $("brush").oninput = () => (this.regions.size = Number($("brush").value));
    $("brush").oninput();
    this.#mode(null);
  }

  get frame() {
    return { height: this.height, width: this.width };
  }

  setAbout(about) {
    this.regions.setColours(about.colours, about.regions);
    const fill = (region) => (button) => {
      const colour = document.createElement("i");
      colour.style.background = `rgb(${about.colours[region]})`;
      button.append(colour, about.regions[region]);
    };
    const options = about.regions.map((name, region) => ({ label: name, title: ALSO[name], fill: fill(region) }));
    radios($("swatches"), options, this.regions.region, (region) => (this.regions.region = region));
    $("edit-tools").hidden = about.demo;
  }

  // What the service found, as /v1/analyse tells it.
  // `given` is the photo, or the name of a sample; nothing changes if it is not `wanted()` any more once decoded.
  async load(found, given, wanted) {
    const sample = typeof given === "string" ? given : null;
    const blobs = [found.parsing, found.picture, found.photo].map(png);
    const several = found.people.length > 1 && !sample;
    const [whole, ...decoded] = await Promise.all([several && createImageBitmap(given), ...blobs.map(pixels)]);
    if (!wanted()) return;
    this.sample = sample;
    this.called = plain(sample ?? given.name, "photo"); // in names of files
    this.regions.load(...decoded);
    Object.assign(this, { height: found.height, width: found.width, dirty: false, stale: false });
    this.name = this.asked = this.own = found.source;
    this.#sides([]);
    this.pose = fromJson(found.pose);
    this.found = copy(this.pose);
    this.#picture(blobs[2]);
    this.#draw();
    this.#mode(null);
    this.#people(found, whole);
  }

  // The photo as it was given, until its person is found.
  glimpse(photo) { this.#picture(photo); }

  take() {
    return { pose: copy(this.pose), regions: this.regions.take() };
  }

  put({ pose, regions }) {
    this.pose = copy(pose);
    this.regions.put(regions);
    this.dirty = true;
    this.#draw();
  }

  // Another photo of the same person, and what the service found on it.
  add(photo, found) {
    this.#sides([...this.others, { photo, found, name: found.source, url: URL.createObjectURL(png(found.picture)) }]);
    this.stale = true;
    this.changed();
  }

  // The person's name at the service; handed in (again) if corrected, if other photos joined or left, or if `anew`.
  async ask(anew) {
    if (anew || this.dirty || this.stale) {
      const before = this.asked;
      const asked = (this.asked = this.#hand(anew));
      asked.catch(() => this.asked === asked && (this.asked = before));
    }
    return (this.name = await this.asked);
  }

  async #hand(anew) {
    this.stale = false; // as with `dirty` below
    try {
      if (anew || this.dirty) this.own = await this.#handOwn();
      if (!this.others.length) return this.own;
      const again = async (other) => (other.name = (await analyse(other.photo)).source);
      if (anew) await Promise.all(this.others.map(again));
      const sources = [this.own, ...this.others.map(({ name }) => name)];
      return (await post("/v1/together", { sources })).source;
    } catch (error) {
      this.stale = true;
      throw error;
    }
  }

  async #handOwn() {
    if (this.sample && !this.dirty) return (await analyse(this.sample)).source;
    this.dirty = false; // a correction made from here on is handed in by the next call
    try {
      const { regions } = this;
      const pose = toJson(this.pose, this.frame);
      const blobs = await Promise.all([regions.pictureBlob(), regions.parsingBlob(), regions.photoBlob()]);
      const [picture, parsing, photo] = await Promise.all(blobs.map(base64));
      const { source } = await post("/v1/person", { picture, parsing, photo, pose });
      this.sample = null; // a corrected sample is none any more
      return source;
    } catch (error) {
      this.dirty = true;
      throw error;
    }
  }

  // A folder that `rsagan generate` takes, and in it one for each further photo, for its --also.
  async files() {
    const person = (picture, parsing, pose, folder = "") => ({
      [`${folder}picture.png`]: picture,
      [`${folder}parsing.png`]: parsing,
      [`${folder}pose.json`]: new Blob([JSON.stringify(pose, null, 1)], { type: "application/json" }),
    });
    const others = this.others.map(({ found }, index) =>
      person(png(found.picture), png(found.parsing), found.pose, `photo-${index + 2}/`));
    const { regions } = this;
    const own = person(await regions.pictureBlob(), await regions.parsingBlob(), toJson(this.pose, this.frame));
    return Object.assign(own, ...others);
  }

  #picture(blob) {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(blob);
    $("source-picture").src = $("compare-picture").src = this.url;
    if (!this.width) return;
    for (const id of ["source-frame", "result-frame"]) $(id).style.aspectRatio = `${this.width} / ${this.height}`;
  }

  #sides(others) {
    for (const { url } of this.others) if (!others.some((other) => other.url === url)) URL.revokeObjectURL(url);
    this.others = others;
    $("sides").hidden = !others.length;
    $("add-side").hidden = others.length >= MOST_OTHERS;
    $("sides").replaceChildren(...others.map((other, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = button.ariaLabel = `Leave photo ${index + 2} out again`;
      const picture = document.createElement("img");
      picture.src = other.url;
      picture.alt = "";
      button.append(picture);
      button.onclick = () => {
        this.#sides(others.filter((each) => each !== other));
        this.stale = true;
        $("add-side").focus();
        this.changed();
      };
      return button;
    }));
  }

  #corrected(pose) {
    this.pose = pose;
    this.dirty = true;
    this.#draw();
    this.changed();
  }

  #painted() {
    this.dirty = true;
    this.changed();
  }

  #showing(what, on) {
    if (!on && pressed($(what === "joints" ? "edit-joints" : "paint"))) this.#mode(null);
    press($(`show-${what}`), on);
    $("source-stage").classList.toggle("away", !pressed($("show-joints")));
    $("regions").classList.toggle("away", !pressed($("show-regions")));
  }

  // Correcting: joints, regions (paint), or neither.
  #mode(mode) {
    press($("edit-joints"), mode === "joints");
    press($("paint"), mode === "paint");
    this.stage.enabled = mode === "joints";
    this.regions.enabled = mode === "paint";
    $("regions").tabIndex = mode === "paint" ? 0 : -1;
    $("source-frame").dataset.mode = mode || "";
    $("palette").hidden = mode !== "paint";
    if (mode === "joints") this.#showing("joints", true);
    if (mode === "paint") {
      this.#showing("regions", true);
      this.#showing("joints", false);
    }
    if (mode !== "paint" && this.regions.labels) {
      this.#showing("joints", true);
      this.#showing("regions", false);
      this.regions.cursor = null;
      this.regions.draw();
    }
    this.#hidden();
  }

  #draw() {
    this.stage.show(this.pose, this.frame);
    this.#hidden();
  }

  // Joints that were hidden, and can be brought back.
  #hidden() {
    const hidden = JOINTS.flatMap((_, joint) => (this.found[joint] && !this.pose[joint] ? [joint] : []));
    $("unhide-row").hidden = !hidden.length || !this.stage.enabled;
    $("unhide").replaceChildren(...hidden.map((joint) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "chip";
      button.textContent = JOINTS[joint];
      button.setAttribute("aria-label", `Bring ${JOINTS[joint]} back`);
      button.onclick = () => {
        this.mark();
        const pose = copy(this.pose);
        pose[joint] = [...this.found[joint]];
        this.#corrected(pose);
        this.stage.focus(joint);
      };
      return button;
    }));
  }

  #people(found, bitmap) {
    $("people").hidden = !bitmap;
    if (!bitmap) return;
    const options = found.people.map((box, index) => {
      const face = crop(bitmap, box);
      return { label: `Person ${index + 1} of ${found.people.length}`, fill: (button) => button.append(face) };
    });
    bitmap.close();
    const choose = async (index) => (await this.another(index)) || show();
    const show = () => radios($("people"), options, found.person, choose);
    show();
  }
}

function crop(bitmap, [x0, y0, x1, y1]) {
  const canvas = document.createElement("canvas");
  const [width, height] = [(x1 - x0) * bitmap.width, (y1 - y0) * bitmap.height];
  const scale = Math.max(width / 44, height / 60) * 1.15;
  canvas.width = 88;
  canvas.height = 120;
  const [sx, sy] = [x0 * bitmap.width + width / 2 - 22 * scale, y0 * bitmap.height + height / 2 - 30 * scale];
  canvas.getContext("2d").drawImage(bitmap, sx, sy, 44 * scale, 60 * scale, 0, 0, 88, 120);
  return canvas;
}
