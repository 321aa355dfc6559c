// The page: takes a photo in, and lets the cards know of each other.

import * as api from "./api.js";
import { fromJson, same } from "./body.js";
import { Timeline } from "./clip.js";
import { ResultCard } from "./result.js";
import { SourceCard } from "./source.js";
import { drawing } from "./stage.js";
import { Undo } from "./undo.js";
import { $, plain, press, say, tabs, theme, toast } from "./ui.js";

const FILES = ["image/jpeg", "image/png", "image/webp"];
let about = { demo: false, samples: [] };
let photo = null; // that is worked on: a Blob, or the name of a sample
let taking = null; // the photo that is being analysed
const samplePhotos = new Map(); // by name

function mark() {
  timeline.stop();
  undo.mark();
}
const source = new SourceCard({ mark, changed: () => corrected(), another: (person) => take(photo, person) });
const result = new ResultCard({ source, mark, chosen: (name) => markPose(name), behind: () => timeline.forget() });
const undo = new Undo(
  () => ({ source: source.take(), result: result.take() }),
  (state) => {
    const before = source.take();
    const differ = (what) => before.regions[what].some((v, i) => v !== state.source.regions[what][i]);
    const touched = !same(before.pose, state.source.pose) || differ("labels") || differ("picture");
    if (touched) {
      source.put(state.source);
      timeline.forget();
    }
    timeline.stop();
    markPose(null);
    result.put(state.result);
  },
  () => {
    $("undo").disabled = !undo.past.length;
    $("redo").disabled = !undo.future.length;
  },
);
const timeline = new Timeline({
  pose: () => result.pose,
  frameSize: () => source.frame,
  source: () => source.ask(false),
  background: () => result.askBackground(false),
  paint: (pose) => result.painter.frame(pose),
  show: (blob, pose) => result.show(blob, pose),
  rest: () => result.rest(),
  choose: (pose) => {
    result.reveal();
    result.change(pose);
  },
  file: () => `${source.called}-clip.mp4`,
  say,
});
let correcting;

// The photo's joints or regions were corrected: the person is another one now.
function corrected() {
  timeline.forget();
  clearTimeout(correcting);
  correcting = setTimeout(() => result.set(result.pose), 150);
}

// -- taking a photo in

// Resolves to whether it could be taken; the photo before it stays if not.
async function take(given, person) {
  taking?.abort();
  const mine = (taking = new AbortController());
  $("toasts").replaceChildren();
  phoneTabs($("tab-source"));
  const shown = samplePhotos.get(given) || given;
  if (!source.name && shown instanceof Blob) source.glimpse(shown);
  working(true);
  try {
    const found = await api.analyse(given, { person, signal: mine.signal });
    if (taking !== mine) return true;
    await source.load(found, given, () => taking === mine);
    if (taking !== mine) return true;
    working(false);
    photo = given;
    undo.clear();
    timeline.forget(true);
    markPose(null);
    for (const note of found.notes) toast(note);
    phoneTabs($("tab-result"));
    await result.start(source.pose);
    say("Joints and regions found. Choose a pose, or drag the skeleton.");
    return true;
  } catch (error) {
    if (taking !== mine) return true; // another photo was given meanwhile
    if (!source.name) open(false);
    toast(error.message, "bad");
    return false;
  } finally {
    if (taking === mine) working(false);
  }
}

function open(on = true) {
  $("welcome").hidden = on;
  $("work").hidden = !on;
  $("back").hidden = !source.name;
  document.body.classList.toggle("working-now", on);
}

function working(on) {
  if (on) open();
  $("source-working").hidden = !on;
  $("source-frame").setAttribute("aria-busy", String(on));
}

// A file `as` "photo", "pose", "side", another photo of the same person, or "scene", to stand before.
function takeFile(file, as = "photo") {
  if (!file) return;
  if (file.type === "application/json" || file.name?.endsWith(".json")) takePoseFile(file);
  else if (about.demo) toast("This is a demo: it shows its samples only. Install rsagan to use photos of your own.");
  else if (!FILES.includes(file.type)) toast("This file cannot be read here; give a JPEG, PNG or WebP picture.", "bad");
  else if (as === "pose") poseOf(file);
  else if (as === "side") sideOf(file);
  else if (as === "scene") result.standBefore(file);
  else take(file);
}

async function poseOf(file) {
  const { turn } = result.painter;
  $("result-working").hidden = false;
  try {
    const found = await api.analyse(file);
    if (turn !== result.painter.turn) return; // another pose was chosen meanwhile
    markPose(null);
    await result.fit(found.pose, plain(file.name, "photo"));
  } catch (error) {
    toast(error.message, "bad");
  } finally {
    if (!result.busy) $("result-working").hidden = true;
  }
}

async function sideOf(file) {
  const mine = taking;
  working(true);
  try {
    const found = await api.analyse(file);
    if (taking !== mine) return; // of somebody who is not worked on any more
    for (const note of found.notes) toast(note);
    source.add(file, found);
    say("This side is shown, too.");
  } catch (error) {
    if (taking === mine) toast(error.message, "bad");
  } finally {
    if (taking === mine) working(false);
  }
}

async function takePoseFile(file) {
  if (!source.name) return toast("Give a photo of a person first.");
  try {
    markPose(null);
    return await result.fit(JSON.parse(await file.text()), plain(file.name, "pose"));
  } catch {
    return toast("This file is not a pose; give one that was saved here, or OpenPose's JSON.", "bad");
  }
}

let fileAs = "photo";
function chooseFile(as) {
  fileAs = as;
  $("file").accept = [...FILES, ...(as === "pose" ? ["application/json"] : [])].join();
  $("file").value = "";
  $("file").click();
}
$("file").onchange = () => takeFile($("file").files[0], fileAs);
$("choose").onclick = () => chooseFile("photo");
$("pose-photo").onclick = () => chooseFile("pose");
$("add-side").onclick = () => chooseFile("side");
$("scene").onclick = () => chooseFile("scene");
$("another").onclick = () => {
  open(false);
  (about.demo ? $("samples").querySelector("button") : $("choose")).focus();
};
$("back").onclick = () => {
  open();
  $("another").focus();
};

document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files || [])][0];
  if (file) takeFile(file);
});

let dragDepth = 0;
const overResult = (event) => !$("work").hidden && $("result-card").contains(event.target);
addEventListener("dragenter", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  dragDepth += 1;
  $("drop").hidden = false;
});
addEventListener("dragover", (event) => {
  event.preventDefault();
  $("drop-text").textContent = overResult(event) ? "Drop it: its pose is taken" : "Drop the photo";
});
addEventListener("dragleave", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  dragDepth = Math.max(0, dragDepth - 1);
  $("drop").hidden = !dragDepth;
});
addEventListener("drop", (event) => {
  event.preventDefault();
  dragDepth = 0;
  $("drop").hidden = true;
  takeFile(event.dataTransfer?.files[0], overResult(event) ? "pose" : "photo");
});

// -- camera

let stream;
let countdown;
const shutter = (ready) => ["camera-take", "camera-later"].forEach((id) => ($(id).disabled = !ready));
$("camera").onclick = async () => {
  const wish = { width: { ideal: 1280 }, height: { ideal: 1280 }, facingMode: { ideal: "environment" } };
  $("camera").disabled = true; // a second click would open a second camera, which nothing closes
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: wish });
  } catch {
    return toast("No camera can be used here; allow it in the browser, or choose a photo.", "bad");
  } finally {
    $("camera").disabled = false;
  }
  const away = stream.getVideoTracks()[0].getSettings().facingMode === "environment";
  $("camera-video").classList.toggle("mirrored", !away); // who looks at themselves expects a mirror
  $("camera-video").srcObject = stream;
  return $("camera-dialog").showModal();
};
$("camera-video").onloadeddata = () => shutter(true);
$("camera-dialog").onclose = () => {
  clearInterval(countdown);
  shutter(false);
  $("camera-count").value = "";
  stream?.getTracks().forEach((track) => track.stop());
  $("camera-video").srcObject = null;
};
$("camera-stop").onclick = () => $("camera-dialog").close();
$("camera-later").onclick = () => {
  let left = 5;
  $("camera-later").disabled = true;
  $("camera-count").value = left;
  countdown = setInterval(() => {
    left -= 1;
    if (left) $("camera-count").value = left;
    else $("camera-take").click();
  }, 1000);
};
$("camera-take").onclick = async () => {
  const video = $("camera-video");
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d").drawImage(video, 0, 0);
  $("camera-dialog").close();
  take(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 }));
};

// -- library

function markPose(name) {
  for (const button of $("library").children) press(button, button.dataset.name === name);
}

function showLibrary(poses) {
  $("library").replaceChildren(...poses.map(({ name, about: text, pose }) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.name = name;
    button.title = text;
    press(button, false);
    const caption = document.createElement("span");
    caption.textContent = name.replaceAll("-", " ");
    button.append(drawing(fromJson(pose), pose), caption);
    button.onclick = async () => {
      phoneTabs($("tab-result"));
      if (await result.fit(name, name)) markPose(name);
    };
    return button;
  }));
}
$("find").oninput = () => {
  const words = $("find").value.toLowerCase().split(/\s+/);
  for (const button of $("library").children) {
    const text = `${button.dataset.name.replaceAll("-", " ")} ${button.title}`.toLowerCase();
    button.hidden = !words.every((word) => text.includes(word));
  }
  const none = [...$("library").children].every((button) => button.hidden);
  $("library").hidden = none;
  $("none-found").hidden = !none;
};

// -- the rest

const phoneTabs = tabs([$("tab-source"), $("tab-result")], (tab) => ($("work").dataset.shown = tab.id.slice(4)));
tabs([$("tab-poses"), $("tab-animate")], (tab) => {
  for (const panel of ["poses", "animate"]) $(`${panel}-panel`).hidden = tab.id !== `tab-${panel}`;
});
phoneTabs($("tab-result"));

$("undo").onclick = () => undo.undo();
$("redo").onclick = () => undo.redo();
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || $("work").hidden || event.target.matches("input[type=search]")) return;
  const key = event.key.toLowerCase();
  if (key === "z" || key === "y") {
    event.preventDefault();
    if (key === "y" || event.shiftKey) undo.redo();
    else undo.undo();
  }
});
// A sample is found again in a moment; a photo of one's own, or anything made, is asked about by the browser.
addEventListener("beforeunload", (event) => {
  if (photo instanceof Blob || source.others.length || result.scene || undo.past.length || timeline.keys.length) event.preventDefault();
});
addEventListener("click", (event) => {
  if (!$("save").contains(event.target)) $("save").open = false;
});
$("save").onkeydown = (event) => {
  if (event.key !== "Escape") return;
  $("save").open = false;
  $("save").querySelector("summary").focus();
};
$("help").onclick = () => $("help-dialog").showModal();
theme($("theme"));
let tokenAsked = null; // all who need it at once wait for one answer
api.onToken((wrong) => {
  tokenAsked ||= new Promise((resolve) => {
    $("token").value = "";
    $("token-wrong").hidden = !wrong;
    $("token-dialog").onclose = () => {
      tokenAsked = null;
      resolve($("token").value.trim());
    };
    $("token-dialog").showModal();
  });
  return tokenAsked;
});

function showSamples() {
  const shown = about.samples.map((name) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Sample: ${name.replaceAll("-", " ")}`);
    const image = document.createElement("img");
    image.alt = "";
    api.call(`/v1/samples/${name}.jpg`, { as: "blob" }).then((blob) => {
      samplePhotos.set(name, blob);
      image.src = URL.createObjectURL(blob);
    }).catch(() => image.replaceWith(name.replaceAll("-", " ")));
    button.append(image);
    button.onclick = () => take(name);
    return button;
  });
  $("samples").replaceChildren(...shown);
}

async function start() {
  try {
    about = await api.get("/v1/about");
    source.setAbout(about);
    showSamples();
    showLibrary(await api.get("/v1/poses"));
    $("demo-note").hidden = !about.demo;
    for (const element of document.querySelectorAll("[data-needs-upload]")) element.hidden = about.demo;
    document.body.dataset.ready = "true";
  } catch (error) {
    toast(error.message, "bad");
  }
}
start();

// For the tests, and for the curious.
window.rsagan = { source, result, undo, timeline };
