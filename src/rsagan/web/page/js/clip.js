// Animation: keyframes, playing what lies between them, and the export.

import { call, follow, pause, post } from "./api.js";
import { between, copy, toJson } from "./body.js";
import { drawing } from "./stage.js";
import { $, iconButton, toast } from "./ui.js";

const FPS = 12;
const MOST_FRAMES = 480; // of one clip, as the service says

export class Timeline {
  // `pose` gives the present pose, `source` and `background` the names of the two, `paint(pose)` one frame; `show` puts
  // that on the result with its skeleton, `rest` brings the result back, `choose(pose)` makes a pose the present one;
  // `file` names the clip.
  constructor({ pose, frameSize, source, background, paint, show, rest, choose, file, say }) {
    Object.assign(this, { pose, frameSize, source, background, paint, show, rest, choose, file, say });
    this.keys = [];
    this.frames = new Map(); // painted frames, so that the second round is smooth
    this.playing = null;
    this.exporting = null;
    $("add-key").onclick = () => this.add();
    $("play").onclick = () => (this.playing ? this.stop() : this.play());
    $("export").onclick = () => this.export();
    $("export-stop").onclick = () => this.exporting?.abort();
    $("pace").oninput = () => ($("pace-told").value = Number($("pace").value).toFixed(2));
  }

  add() {
    this.keys.push(copy(this.pose()));
    this.#draw();
    this.say(`Keyframe ${this.keys.length} added.`);
  }

  // Another person, or before another background: painted frames no longer hold.
  forget(keysToo = false) {
    this.stop();
    this.exporting?.abort();
    this.frames.clear();
    if (keysToo) this.keys = [];
    $("clip").hidden = true;
    this.#draw();
  }

  poses() {
    const keys = $("loop").checked && this.keys.length > 1 ? [...this.keys, this.keys[0]] : this.keys;
    const steps = Math.max(1, Math.round(Number($("pace").value) * FPS));
    const poses = [];
    for (let k = 0; k + 1 < keys.length; k += 1) {
      for (let s = 0; s < steps; s += 1) poses.push(between(keys[k], keys[k + 1], s / steps));
    }
    if (!$("loop").checked) poses.push(keys.at(-1));
    return poses;
  }

  async play() {
    const run = (this.playing = {});
    this.#button(true);
    try {
      do {
        for (const pose of this.poses()) {
          const began = performance.now();
          const json = JSON.stringify(pose);
          const frame = this.frames.get(json) || (await this.paint(this.#json(pose)));
          if (this.playing !== run) return; // the person may be another one by now: not a frame to keep
          this.frames.set(json, frame);
          await this.show(frame, pose);
          await pause(Math.max(0, 1000 / FPS - (performance.now() - began)));
          if (this.playing !== run) return;
        }
      } while ($("loop").checked);
      this.stop();
    } catch (error) {
      if (this.playing !== run) return;
      this.stop();
      toast(error.message, "bad");
    }
  }

  stop() {
    if (!this.playing) return;
    this.playing = null;
    this.#button(false);
    this.rest();
  }

  async export() {
    this.stop();
    const stop = (this.exporting = new AbortController());
    $("export").disabled = true;
    $("export-row").hidden = false;
    $("export-bar").value = 0;
    $("clip").hidden = true;
    let clip = null;
    try {
      const poses = this.poses().map((pose) => this.#json(pose));
      if (poses.length > MOST_FRAMES) {
        throw new Error(`A clip lasts at most ${MOST_FRAMES / FPS} seconds, this one ${poses.length / FPS}; let the poses follow faster, or remove some.`);
      }
      await this.paint(poses[0]); // also hands person and background in again, should the service have let them go
      const asked = { source: await this.source(), poses, fps: FPS, keep_place: true, background: await this.background() };
      clip = await post("/v1/animate", asked, { signal: stop.signal });
      let last = {};
      await follow(clip.events, (event) => {
        last = event;
        $("export-bar").value = event.done / event.total;
      }, stop.signal);
      if (last.state !== "done") throw new Error(last.message || "The export ended early; start it again.");
      const blob = await call(clip.file, { signal: stop.signal, as: "blob" });
      if (this.url) URL.revokeObjectURL(this.url);
      this.url = URL.createObjectURL(blob);
      $("clip-video").src = $("clip-save").href = this.url;
      $("clip-save").download = this.file();
      $("clip").hidden = false;
      this.say("The clip is ready.");
    } catch (error) {
      if (error.name === "AbortError") {
        if (clip) call(`/v1/clips/${clip.clip}`, { method: "DELETE" }).catch(() => {});
        toast("The export was given up.");
      } else toast(error.message, "bad");
    } finally {
      this.exporting = null;
      $("export-row").hidden = true;
      this.#buttons();
    }
  }

  #json(pose) { return toJson(pose, this.frameSize()); }

  #move(index, by) {
    const [key] = this.keys.splice(index, 1);
    this.keys.splice(index + by, 0, key);
    this.#draw();
    $("keys").children[index + by].querySelector(".key").focus();
    this.say(`Keyframe ${index + 1} is now number ${index + by + 1}.`);
  }

  #draw() {
    $("keys").replaceChildren(...this.keys.map((pose, index) => {
      const item = document.createElement("li");
      const show = document.createElement("button");
      show.className = "key";
      show.type = "button";
      show.setAttribute("aria-label", `Show keyframe ${index + 1}`);
      show.append(drawing(pose, this.frameSize()));
      show.onclick = () => this.choose(pose);
      const tools = document.createElement("div");
      const earlier = iconButton("left", `Move keyframe ${index + 1} earlier`, () => this.#move(index, -1));
      const later = iconButton("right", `Move keyframe ${index + 1} later`, () => this.#move(index, 1));
      earlier.disabled = index === 0;
      later.disabled = index === this.keys.length - 1;
      tools.append(earlier, iconButton("close", `Remove keyframe ${index + 1}`, () => {
        this.stop();
        this.keys.splice(index, 1);
        this.#draw();
        $("add-key").focus();
      }), later);
      item.append(show, tools);
      return item;
    }));
    $("keys-empty").hidden = this.keys.length > 1;
    this.#buttons();
  }

  #buttons() {
    $("play").disabled = this.keys.length < 2;
    $("export").disabled = this.keys.length < 2 || Boolean(this.exporting);
  }

  #button(playing) {
    $("play").querySelector("use").setAttribute("href", playing ? "#i-stop" : "#i-play");
    $("play").querySelector("span").textContent = playing ? "Stop" : "Play";
  }
}
