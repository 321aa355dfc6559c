// The region map over the photo, and the brush. What is painted also decides what the network sees of the photo:
// a pixel that becomes background turns into backdrop, one that leaves it takes the photo's own colour.

const BACKDROP = [245, 245, 245];

export class Regions {
  constructor(canvas, { start, end, say }) {
    Object.assign(this, { canvas, start, end, say });
    this.region = 3;
    this.size = 8;
    this.enabled = false;
    this.cursor = null;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#moved(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.#up(event));
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  setColours(colours, names) {
    Object.assign(this, { colours, names });
  }

  // `parsing`, `picture`, `photo`: decoded pictures of one size, as ImageData.
  load(parsing, picture, photo) {
    const { width, height } = parsing;
    Object.assign(this, { width, height, photo, last: null });
    this.canvas.width = width;
    this.canvas.height = height;
    this.labels = toLabels(parsing, this.colours);
    this.picture = new ImageData(new Uint8ClampedArray(picture.data), width, height);
    this.draw();
  }

  take() {
    return { labels: this.labels.slice(), picture: this.picture.data.slice() };
  }

  put({ labels, picture }) {
    this.labels = labels.slice();
    this.picture.data.set(picture);
    this.last = null; // a stroke that is under way ends here
    this.draw();
  }

  draw() {
    const shown = new ImageData(this.width, this.height);
    this.labels.forEach((region, i) => {
      if (region) shown.data.set([...this.colours[region], 150], 4 * i);
    });
    const pen = this.canvas.getContext("2d");
    pen.putImageData(shown, 0, 0);
    if (this.enabled && this.cursor) {
      pen.strokeStyle = "#fff";
      pen.beginPath();
      pen.arc(...this.cursor, this.size / 2, 0, 7);
      pen.stroke();
    }
  }

  parsingBlob() { return blobOf(colouredMap(this.labels, this.colours, this.width, this.height)); }
  pictureBlob() { return blobOf(this.picture); }
  photoBlob() { return blobOf(this.photo); }

  #stamp(x, y) {
    const radius = this.size / 2;
    for (let v = Math.max(0, Math.floor(y - radius)); v <= Math.min(this.height - 1, y + radius); v += 1) {
      for (let u = Math.max(0, Math.floor(x - radius)); u <= Math.min(this.width - 1, x + radius); u += 1) {
        if ((u + 0.5 - x) ** 2 + (v + 0.5 - y) ** 2 > radius * radius) continue;
        const i = v * this.width + u;
        if (!this.region) this.picture.data.set(BACKDROP, 4 * i);
        else if (!this.labels[i]) this.picture.data.set(this.photo.data.subarray(4 * i, 4 * i + 3), 4 * i);
        this.labels[i] = this.region;
      }
    }
  }

  #stroke(from, to) {
    const steps = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / Math.max(1, this.size / 4)));
    for (let k = 0; k <= steps; k += 1) {
      this.#stamp(from[0] + ((to[0] - from[0]) * k) / steps, from[1] + ((to[1] - from[1]) * k) / steps);
    }
    this.draw();
  }

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.width, ((event.clientY - box.top) / box.height) * this.height];
  }

  #down(event) {
    if (!this.enabled || event.button || !event.isPrimary) return; // a second finger paints nothing
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.start();
    this.last = this.cursor = this.#at(event);
    this.#stroke(this.last, this.last);
  }

  #moved(event) {
    if (!this.enabled || !event.isPrimary) return;
    this.cursor = this.#at(event);
    if (this.last) {
      this.#stroke(this.last, this.cursor);
      this.last = this.cursor;
    } else this.draw();
  }

  #up(event) {
    if (!this.last || !event.isPrimary) return;
    this.last = null;
    this.end();
  }

  // Arrows move the brush, Space paints.
  #key(event) {
    if (!this.enabled) return;
    const step = event.shiftKey ? 10 : 2;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    this.cursor ||= [this.width / 2, this.height / 2];
    if (by) {
      this.cursor = [
        Math.min(Math.max(this.cursor[0] + by[0], 0), this.width),
        Math.min(Math.max(this.cursor[1] + by[1], 0), this.height),
      ];
      this.draw();
      const [x, y] = this.cursor.map(Math.round);
      const under = this.labels[Math.min(y, this.height - 1) * this.width + Math.min(x, this.width - 1)];
      this.say(`Brush at ${x} across, ${y} down, over ${this.names[under]}.`);
    } else if (event.key === " ") {
      if (!event.repeat) this.start(); // however long it was held, it was one change
      this.#stroke(this.cursor, this.cursor);
      this.end();
      this.say(`Painted ${this.names[this.region]}.`);
    } else return;
    event.preventDefault();
  }
}

// The region whose colour is nearest: some browsers add noise to what they read from a canvas.
function toLabels(parsing, colours) {
  const labels = new Uint8Array(parsing.width * parsing.height);
  for (let i = 0; i < labels.length; i += 1) {
    const [r, g, b] = parsing.data.subarray(4 * i, 4 * i + 3);
    let least = Infinity;
    colours.forEach((colour, region) => {
      const apart = (r - colour[0]) ** 2 + (g - colour[1]) ** 2 + (b - colour[2]) ** 2;
      if (apart < least) [least, labels[i]] = [apart, region];
    });
  }
  return labels;
}

function colouredMap(labels, colours, width, height) {
  const map = new ImageData(width, height);
  labels.forEach((region, i) => map.data.set([...colours[region], 255], 4 * i));
  return map;
}

export async function pixels(blob) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(bitmap, 0, 0);
  bitmap.close();
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

export function blobOf(data) {
  const canvas = new OffscreenCanvas(data.width, data.height);
  canvas.getContext("2d").putImageData(data, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}
