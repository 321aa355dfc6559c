// The page: takes a photo in, and lets the cards know of each other.

import * as api from "./api.js";
import { same, toJson } from "./body.js";
import { Timeline } from "./clip.js";
import { ResultCard } from "./result.js";
import { SourceCard } from "./source.js";
import { drawing } from "./stage.js";
import { Undo } from "./undo.js";
import { $, press, say, tabs, theme, toast } from "./ui.js";

const FILES = ["image/jpeg", "image/png", "image/webp"];
let about = { demo: false, samples: [] };
let photo = null; // a Blob, or the name of a sample

const mark = () => undo.mark();
const source = new SourceCard({ mark, changed: () => corrected(), another: (person) => take(photo, person) });
const result = new ResultCard({ source, mark, chosen: (name) => markPose(name) });
const undo = new Undo(
  () => ({ source: source.take(), result: result.take() }),
  (state) => {
    const before = source.take();
    const touched = !same(before.pose, state.source.pose) || before.regions.labels.some((v, i) => v !== state.source.regions.labels[i]);
    if (touched) {
      source.put(state.source);
      timeline.forget();
    }
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
  show: (blob, pose) => result.show(blob, pose),
  rest: () => result.rest(),
  choose: (pose) => result.change(pose),
  say,
});
timeline.asJson = (pose) => toJson(pose, source.frame);
let correcting;

// The photo's joints or regions were corrected: the person is another one now.
function corrected() {
  timeline.forget();
  clearTimeout(correcting);
  correcting = setTimeout(() => result.set(result.pose), 150);
}

// -- taking a photo in

async function take(given, person) {
  photo = given;
  working(true);
  try {
    const found = await patiently(() => (typeof given === "string" ? api.sample(given) : api.analyse(given, person)));
    if (photo !== given) return;
    await source.load(found, given);
    undo.clear();
    timeline.forget(true);
    markPose(null);
    for (const note of found.notes) toast(note);
    await result.start(source.pose);
    say("Joints and regions found. Choose a pose, or drag the skeleton.");
  } catch (error) {
    if (!source.name) open(false);
    toast(error.message, "bad");
  } finally {
    working(false);
  }
}

// The service may be starting, or busy: wait as long as it asks for, a few times.
async function patiently(ask) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (error.status !== 503 || !error.retryAfter || error.retryAfter > 10 || tries > 8) throw error;
      await new Promise((after) => setTimeout(after, 1000 * error.retryAfter));
    }
  }
}

function open(on = true) {
  $("welcome").hidden = on;
  $("work").hidden = !on;
  document.body.classList.toggle("working-now", on);
}

function working(on) {
  if (on) open();
  $("source-working").hidden = !on;
  $("source-frame").setAttribute("aria-busy", String(on));
}

function takeFile(file, forPose = false) {
  if (!file) return;
  if (about.demo) toast("This is a demo: it shows samples only. Install rsagan to use photos of your own.");
  else if (file.type === "application/json" || file.name?.endsWith(".json")) takePoseFile(file);
  else if (!FILES.includes(file.type)) toast("Give a JPEG, PNG or WebP picture.", "bad");
  else if (forPose) poseOf(file);
  else take(file);
}

async function poseOf(file) {
  $("result-working").hidden = false;
  try {
    const found = await api.analyse(file);
    markPose(null);
    await result.fit(found.pose);
  } catch (error) {
    toast(error.message, "bad");
  } finally {
    $("result-working").hidden = true;
  }
}

async function takePoseFile(file) {
  if (!source.name) return toast("Give a photo of a person first.");
  try {
    markPose(null);
    return await result.fit(JSON.parse(await file.text()));
  } catch {
    return toast("This file is not a pose.", "bad");
  }
}

let fileIsPose = false;
function chooseFile(forPose) {
  fileIsPose = forPose;
  $("file").value = "";
  $("file").click();
}
$("file").onchange = () => takeFile($("file").files[0], fileIsPose);
$("choose").onclick = () => chooseFile(false);
$("pose-photo").onclick = () => chooseFile(true);
$("another").onclick = () => {
  open(false);
  (about.demo ? $("samples").querySelector("button") : $("choose")).focus();
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
addEventListener("dragleave", () => {
  dragDepth -= 1;
  if (dragDepth <= 0) $("drop").hidden = true;
});
addEventListener("drop", (event) => {
  event.preventDefault();
  dragDepth = 0;
  $("drop").hidden = true;
  takeFile(event.dataTransfer?.files[0], overResult(event));
});

// -- camera

let stream;
$("camera").onclick = async () => {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 1280 } } });
  } catch {
    return toast("No camera can be used here.", "bad");
  }
  $("camera-video").srcObject = stream;
  return $("camera-dialog").showModal();
};
$("camera-dialog").onclose = () => {
  stream?.getTracks().forEach((track) => track.stop());
  $("camera-video").srcObject = null;
};
$("camera-stop").onclick = () => $("camera-dialog").close();
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
    const points = pose.people[0].pose_keypoints_2d;
    button.append(drawing(points.flatMap((_, i) => (i % 3 ? [] : [points[i + 2] > 0 ? [points[i], points[i + 1]] : null])), pose), caption);
    button.onclick = async () => {
      phoneTabs($("tab-result"));
      if (await result.fit(name)) markPose(name);
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
addEventListener("click", (event) => {
  if (!$("save").contains(event.target)) $("save").open = false;
});
$("help").onclick = () => $("help-dialog").showModal();
theme($("theme"));
api.onToken(
  () =>
    new Promise((resolve) => {
      $("token-dialog").onclose = () => resolve($("token").value.trim());
      if (!$("token-dialog").open) $("token-dialog").showModal();
    }),
);

function showSamples() {
  const shown = about.samples.map((name) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Sample: ${name.replaceAll("-", " ")}`);
    const image = document.createElement("img");
    image.alt = "";
    api.call(`/v1/samples/${name}.jpg`).then(async (photo) => (image.src = URL.createObjectURL(await photo.blob())));
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
    document.body.classList.toggle("demo", about.demo);
    for (const element of document.querySelectorAll("[data-needs-upload]")) element.hidden = about.demo;
    document.body.dataset.ready = "true";
  } catch (error) {
    toast(error.message, "bad");
  }
}
start();

// For the tests, and for the curious.
window.rsagan = { source, result, undo, timeline };
