// The new pose: the skeleton that is dragged, the picture that follows, what was made so far, and saving.

import { handScene, png } from "./api.js";
import { alike, copy, fromJson, mirrored, same, toJson } from "./body.js";
import { Painter } from "./painter.js";
import { Stage } from "./stage.js";
import { $, intoView, press, pressed, radios, save, say, toast } from "./ui.js";
import { zip } from "./zip.js";

const MOST_KEPT = 30;

export class ResultCard {
  // `chosen(name)` is told which pose of the library it is, or null; `behind()` that another background is shown.
  constructor({ source, mark, chosen, behind }) {
    Object.assign(this, { source, mark, chosen, behind });
    this.background = "plain"; // or "keep", or a scene: a picture's file and its name at the service
    this.scene = null; // that is offered
    this.pose = Array(18).fill(null);
    this.base = { pose: this.pose, name: null }; // what the pose came from; without a name from the photo itself
    this.made = [];
    this.stage = new Stage($("result-stage"), {
      label: "Joints of the new pose",
      keepLengths: () => pressed($("lengths")),
      start: mark,
      move: (pose) => {
        this.pose = pose;
        this.chosen(null);
        this.painter.preview(toJson(pose, source.frame));
      },
      end: (pose) => this.set(pose),
      hide: (pose) => this.set(pose),
      say,
    });
    this.painter = new Painter({
      source: (anew) => source.ask(anew),
      background: (anew) => this.askBackground(anew),
      onPreview: (blob) => this.#picture(blob),
      onResult: (result) => this.#result(result),
      onBusy: (busy) => this.#busy(busy),
      onError: (error) => toast(error.message, "bad"),
    });
    this.#backgrounds();
    $("mirror").onclick = () => this.change(mirrored(this.pose, source.frame.width));
    $("reset").onclick = () => this.change(this.base.pose);
    $("result-joints").onclick = () => {
      press($("result-joints"), !pressed($("result-joints")));
      this.#stageShown();
    };
    $("lengths").onclick = () => press($("lengths"), !pressed($("lengths")));
    $("compare").onclick = () => this.#compare(!pressed($("compare")));
    $("compare-range").oninput = () => this.#split();
    $("save-png").onclick = () => this.#save(this.result?.blob, () => `${this.#name(this.result)}.png`);
    $("save-pose").onclick = () => {
      const json = JSON.stringify(toJson(this.pose, source.frame), null, 1);
      this.#save(new Blob([json]), () => `${this.#name(this)}.json`);
    };
    $("save-regions").onclick = () => this.#save(this.result?.parsing, () => `${this.#name(this.result)}-regions.png`);
    $("save-person").onclick = async () => this.#save(await zip(await source.files()), () => `${source.called}-person.zip`);
  }

  take() {
    return { pose: copy(this.pose), base: this.base };
  }

  put({ pose, base }) {
    this.base = base;
    this.set(pose);
  }

  // A pose in the person's frame: shown at once, painted in full.
  set(pose) {
    this.pose = copy(pose);
    this.stage.show(this.pose, this.source.frame);
    this.#told();
    return this.painter.full(toJson(this.pose, this.source.frame));
  }

  // The same as a step that can be undone.
  change(pose) {
    if (same(pose, this.pose)) return null;
    this.mark();
    this.chosen(null);
    return this.set(pose);
  }

  // A pose in any frame: the service fits it to the person. `name` is what files with it are called.
  async fit(pose, name) {
    if (!this.source.name) {
      toast("Give a photo of a person first.");
      return false;
    }
    this.reveal();
    const result = await this.painter.full(pose, false);
    if (!result) return false;
    this.mark();
    this.pose = fromJson(result.pose);
    this.base = this.result.base = this.made[0].base = { pose: copy(this.pose), name };
    this.stage.show(this.pose, this.source.frame);
    this.#told();
    return true;
  }

  // A picture is given to stand before.
  async standBefore(file) {
    this.given = file;
    $("result-working").hidden = false;
    try {
      const name = await handScene(file);
      if (this.given !== file) return; // another was given meanwhile
      this.#stand({ file, name });
      this.set(this.pose);
    } catch (error) {
      toast(error.message, "bad");
    } finally {
      if (!this.busy) $("result-working").hidden = true;
    }
  }

  // The background's name at the service; a picture is handed in again if `anew`.
  async askBackground(anew) {
    const { background } = this;
    if (!background.file) return background;
    if (anew) background.name = await handScene(background.file);
    return background.name;
  }

  start(pose) {
    this.base = { pose: copy(pose), name: null };
    for (const old of this.made.splice(0)) URL.revokeObjectURL(old.url);
    this.result = null;
    URL.revokeObjectURL($("result-picture").src);
    $("result-picture").removeAttribute("src");
    this.#history();
    this.#compare(false);
    return this.set(pose);
  }

  // Where the page is narrow, the poses and what was made so far lie below the picture.
  reveal() { intoView($("result-frame")); }

  // Frames of an animation, shown but not kept.
  async show(blob, pose) {
    this.stage.show(pose, this.source.frame);
    await this.#picture(blob);
  }

  rest() {
    this.stage.show(this.pose, this.source.frame);
    if (this.result) this.#picture(this.result.blob);
  }

  async #picture(blob) {
    const picture = $("result-picture");
    const before = picture.src;
    picture.src = URL.createObjectURL(blob);
    await picture.decode().catch(() => {});
    if (before) URL.revokeObjectURL(before);
  }

  async #result(result) {
    this.result = {
      blob: png(result.picture),
      parsing: result.parsing && png(result.parsing),
      pose: fromJson(result.pose),
      base: this.base,
      background: this.background,
    };
    $("background-row").hidden = !result.parsing; // without an outline there is but the plain one
    await this.#picture(this.result.blob);
    this.made.unshift({ ...this.result, url: URL.createObjectURL(this.result.blob) });
    for (const old of this.made.splice(MOST_KEPT)) URL.revokeObjectURL(old.url);
    this.#history();
    say("The new picture is ready.");
  }

  #busy(busy) {
    this.busy = busy;
    $("result-frame").setAttribute("aria-busy", String(busy));
    clearTimeout(this.waiting);
    $("result-working").hidden = true;
    if (busy) this.waiting = setTimeout(() => ($("result-working").hidden = false), 400);
  }

  #history() {
    $("history-box").hidden = !this.made.length;
    $("history").replaceChildren(...this.made.map((made, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", `Result ${this.made.length - index}, back to it`);
      const image = document.createElement("img");
      image.src = made.url;
      image.alt = "";
      button.append(image);
      button.onclick = () => {
        this.mark();
        this.painter.drop();
        this.base = made.base;
        this.pose = copy(made.pose);
        this.result = made;
        if (this.background !== made.background) this.#stand(made.background);
        this.chosen(null);
        this.rest();
        this.#told();
        this.reveal();
      };
      return button;
    }));
  }

  #compare(on) {
    press($("compare"), on);
    for (const id of ["compare-range", "compare-picture", "compare-edge", "compare-tag"]) $(id).hidden = !on;
    this.#stageShown();
    this.#split();
  }

  #backgrounds() {
    const { background, scene } = this;
    const offered = [["plain", "Plain"], ["keep", "The photo's"], ...(scene ? [[scene, "A picture", scene.file.name]] : [])];
    const options = offered.map(([, label, title]) => ({ label, title, fill: (button) => button.append(label) }));
    radios($("background"), options, offered.findIndex(([one]) => one === background), (index) => {
      if (this.background === offered[index][0]) return;
      [this.background] = offered[index];
      this.behind();
      this.set(this.pose);
    });
    $("scene").querySelector("span").hidden = Boolean(scene);
  }

  #stand(background) {
    this.background = background;
    if (background.file) this.scene = background;
    this.#backgrounds();
    this.behind();
  }

  #stageShown() {
    const comparing = pressed($("compare"));
    const away = comparing || !pressed($("result-joints"));
    $("result-stage").classList.toggle("away", away);
    $("result-joints").disabled = comparing;
    $("lengths").disabled = away;
  }

  // Which pose it is, by the name of what it came from.
  #told() {
    const changed = !alike(this.pose, this.base.pose);
    const name = this.base.name?.replaceAll("-", " ") || "as on the photo";
    const hint = this.base.name ? "" : ": choose another, or drag a joint";
    $("pose-name").textContent = name + (changed ? ", changed" : hint);
  }

  // A file's name: after the photo and the pose.
  #name({ pose, base }) {
    return [this.source.called, base.name || "own-pose", ...(alike(pose, base.pose) ? [] : ["changed"])].join("-");
  }

  #split() {
    const share = $("compare-range").value;
    $("compare-picture").style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    $("compare-edge").style.left = `${share}%`;
  }

  #save(blob, name) {
    $("save").open = false;
    if (blob) save(blob, name());
    else toast("There is nothing to save yet: choose a pose, and wait until it is painted.");
  }
}
