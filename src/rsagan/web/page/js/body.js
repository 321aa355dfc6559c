// Joints and bones. A pose is 18 points [x, y] or null, in pixels of the frame, in OpenPose's order; its `facing` says,
// where that is known, which way the person faces.

export const JOINTS = [
  "nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist",
  "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle",
  "right eye", "left eye", "right ear", "left ear",
];
export const LIMBS = [
  [1, 2], [2, 3], [3, 4], [1, 5], [5, 6], [6, 7], [1, 8], [8, 9], [9, 10], [1, 11], [11, 12], [12, 13],
  [1, 0], [0, 14], [14, 16], [0, 15], [15, 17],
];
const FLIP = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16];
const TURNED = { left: "right", right: "left" }; // facings in the mirror; front and back stay
const PARENT = [1, null, 1, 2, 3, 1, 5, 6, 1, 8, 9, 1, 11, 12, 0, 0, 14, 15];
const CHILDREN = PARENT.map((_, j) => PARENT.flatMap((p, k) => (p === j ? [k] : [])));
// From the neck outwards, so that a parent always comes before its children.
const OUTWARDS = [1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
const TIPS = { 4: [2, 3], 7: [5, 6], 10: [8, 9], 13: [11, 12] }; // wrists and ankles: root and middle of their limb

export const side = (joint) => (JOINTS[joint].startsWith("left") ? "left" : JOINTS[joint].startsWith("right") ? "right" : "middle");
export const sideOfLimb = ([a, b]) => (side(b) === "middle" ? side(a) : side(b));
const facing = (pose, way) => Object.assign(pose, way && { facing: way });
export const copy = (pose) => facing(pose.map((point) => point && [...point]), pose.facing);
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
// The same but for what is rounded on the way to the service and back.
export const alike = (a, b) => a.every((point, j) => (point && b[j] ? distance(point, b[j]) < 0.05 : point === b[j]));

export function fromJson(json) {
  const flat = json.people[0].pose_keypoints_2d;
  return facing(JOINTS.map((_, j) => (flat[3 * j + 2] > 0 ? [flat[3 * j], flat[3 * j + 1]] : null)), json.facing);
}

export function toJson(pose, { height, width }) {
  const flat = pose.flatMap((point) => (point ? [round(point[0]), round(point[1]), 1] : [0, 0, 0]));
  return { format: "rsagan-pose", version: 1, height, width, facing: pose.facing, people: [{ pose_keypoints_2d: flat }] };
}

export function mirrored(pose, width) {
  return facing(FLIP.map((j) => pose[j] && [width - 1 - pose[j][0], pose[j][1]]), TURNED[pose.facing] || pose.facing);
}

// The joint moves alone.
export function placed(pose, joint, to, frame) {
  const moved = copy(pose);
  moved[joint] = clamped(to, frame);
  return moved;
}

// The joint is pulled; every bone keeps its length. The neck carries the body, wrists and ankles bend their limb,
// elbows, knees and the head turn what hangs on them, shoulders and hips take it along.
export function pulled(pose, joint, to, frame) {
  const moved = copy(pose);
  const parent = PARENT[joint];
  to = clamped(to, frame);
  if (parent === null) shift(moved, OUTWARDS, minus(to, pose[joint]));
  else if (!pose[parent]) moved[joint] = to;
  else if (joint in TIPS && pose[TIPS[joint][0]] && pose[TIPS[joint][1]]) bend(moved, joint, to);
  else if (joint === 8 || joint === 11) lean(moved, joint, to);
  else {
    moved[joint] = along(pose[parent], to, distance(pose[parent], pose[joint]));
    const below = descendants(joint);
    if (joint === 2 || joint === 5) shift(moved, below, minus(moved[joint], pose[joint]));
    else turn(moved, below, pose[joint], moved[joint], angle(pose[parent], moved[joint]) - angle(pose[parent], pose[joint]));
  }
  return moved;
}

// Both hips turn about the neck; the legs go along.
function lean(pose, joint, to) {
  const by = angle(pose[1], to) - angle(pose[1], pose[joint]);
  for (const hip of [8, 11]) {
    if (!pose[hip]) continue;
    const before = pose[hip];
    pose[hip] = plus(pose[1], rotated(minus(before, pose[1]), by));
    shift(pose, descendants(hip), minus(pose[hip], before));
  }
}

// Two bones reach for a point; the elbow or knee stays on the side it is on.
function bend(pose, tip, to) {
  const [root, middle] = TIPS[tip];
  const a = distance(pose[root], pose[middle]);
  const b = distance(pose[middle], pose[tip]);
  const reach = Math.min(Math.max(distance(pose[root], to), Math.abs(a - b) + 1e-3), a + b - 1e-3);
  const cross = (pose[middle][0] - pose[root][0]) * (pose[tip][1] - pose[root][1])
    - (pose[middle][1] - pose[root][1]) * (pose[tip][0] - pose[root][0]);
  const opening = Math.acos(Math.min(1, Math.max(-1, (a * a + reach * reach - b * b) / (2 * a * reach))));
  const heading = angle(pose[root], to);
  const elbow = heading + (cross > 0 ? -opening : opening);
  pose[middle] = plus(pose[root], [a * Math.cos(elbow), a * Math.sin(elbow)]);
  pose[tip] = plus(pose[root], [reach * Math.cos(heading), reach * Math.sin(heading)]);
}

// Between two poses, at t in 0..1: bones turn the short way and change their length steadily.
export function between(from, to, t) {
  const ease = t * t * (3 - 2 * t);
  const pose = Array(18).fill(null);
  for (const j of OUTWARDS) {
    const p = PARENT[j];
    if (!from[j] || !to[j]) {
      const known = t < 0.5 ? from : to;
      pose[j] = known[j] && (p !== null && known[p] && pose[p] ? plus(pose[p], minus(known[j], known[p])) : [...known[j]]);
    } else if (p === null || !from[p] || !to[p] || !pose[p]) {
      pose[j] = [mix(from[j][0], to[j][0], ease), mix(from[j][1], to[j][1], ease)];
    } else {
      const start = angle(from[p], from[j]);
      const turned = Math.atan2(Math.sin(angle(to[p], to[j]) - start), Math.cos(angle(to[p], to[j]) - start));
      const length = mix(distance(from[p], from[j]), distance(to[p], to[j]), ease);
      pose[j] = plus(pose[p], [length * Math.cos(start + turned * ease), length * Math.sin(start + turned * ease)]);
    }
  }
  return pose;
}

export function nearest(pose, [x, y], reach) {
  let best = null;
  pose.forEach((point, joint) => {
    const far = point ? Math.hypot(point[0] - x, point[1] - y) : Infinity;
    if (far < reach) [best, reach] = [joint, far];
  });
  return best;
}

const round = (value) => Math.round(value * 100) / 100;
const mix = (a, b, t) => a + (b - a) * t;
const plus = (a, b) => [a[0] + b[0], a[1] + b[1]];
const minus = (a, b) => [a[0] - b[0], a[1] - b[1]];
const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
const angle = (from, to) => Math.atan2(to[1] - from[1], to[0] - from[0]);
const rotated = ([x, y], by) => [x * Math.cos(by) - y * Math.sin(by), x * Math.sin(by) + y * Math.cos(by)];
const clamped = ([x, y], { height, width }) => [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
const descendants = (joint) => CHILDREN[joint].flatMap((child) => [child, ...descendants(child)]);

function along(from, to, length) {
  const heading = angle(from, to);
  return plus(from, [length * Math.cos(heading), length * Math.sin(heading)]);
}

function shift(pose, joints, by) {
  for (const j of joints) if (pose[j]) pose[j] = plus(pose[j], by);
}

function turn(pose, joints, about, landed, by) {
  for (const j of joints) if (pose[j]) pose[j] = plus(landed, rotated(minus(pose[j], about), by));
}
