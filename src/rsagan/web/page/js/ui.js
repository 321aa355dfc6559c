// Small things of the page: elements by id, toasts, tabs, saving files, light and dark.

export const $ = (id) => document.getElementById(id);

let saying;
export function say(text) {
  clearTimeout(saying);
  saying = setTimeout(() => ($("say").textContent = text), 60);
}

export function toast(text, kind = "") {
  const note = document.createElement("p");
  note.textContent = text;
  note.className = kind;
  if (kind === "bad") note.setAttribute("role", "alert");
  note.onclick = () => note.remove();
  $("toasts").append(note);
  setTimeout(() => note.remove(), 4000 + 45 * text.length);
}

export const press = (button, on) => button.setAttribute("aria-pressed", String(on));
export const pressed = (button) => button.getAttribute("aria-pressed") === "true";

export function iconButton(icon, label, onclick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon small";
  button.setAttribute("aria-label", label);
  button.title = label;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${icon}`);
  svg.append(use);
  button.append(svg);
  button.onclick = onclick;
  return button;
}

// Fit for a file's name on any disk: letters of any alphabet, digits and hyphens; without its ending.
export function plain(name, otherwise) {
  const words = (name || "").replace(/\.\w+$/, "").normalize("NFC").replace(/[^\p{L}\p{M}\p{N}]+/gu, "-");
  return [...words].slice(0, 40).join("").replace(/^-|-$/g, "") || otherwise;
}

export function intoView(element) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block: "nearest", behavior: still ? "instant" : "smooth" });
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// Tabs: arrows move between them.
export function tabs(buttons, onChoose) {
  const choose = (button) => {
    for (const one of buttons) {
      one.setAttribute("aria-selected", String(one === button));
      one.tabIndex = one === button ? 0 : -1;
    }
    onChoose(button);
  };
  for (const [index, button] of buttons.entries()) {
    button.onclick = () => choose(button);
    button.onkeydown = (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      const next = buttons[(index + by + buttons.length) % buttons.length];
      next.focus();
      choose(next);
    };
  }
  return choose;
}

// Radio buttons of our own look: one is chosen, arrows move.
export function radios(group, options, chosen, onChoose) {
  const buttons = options.map(({ label, title = label, fill }, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("role", "radio");
    button.setAttribute("aria-label", label);
    button.title = title;
    fill(button);
    button.onclick = () => choose(index);
    button.onkeydown = (event) => {
      const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const next = (index + by + options.length) % options.length;
      choose(next);
      buttons[next].focus();
    };
    return button;
  });
  const mark = (index) => buttons.forEach((button, k) => {
    button.setAttribute("aria-checked", String(k === index));
    button.tabIndex = k === index ? 0 : -1;
  });
  const choose = (index) => {
    mark(index);
    onChoose(index);
  };
  mark(chosen);
  const focused = group.contains(document.activeElement);
  group.replaceChildren(...buttons);
  if (focused) buttons[chosen].focus();
}

export function theme(button) {
  const put = (mode) => {
    if (mode) document.documentElement.dataset.theme = mode;
    button.onclick = () => {
      const dark = mode ? mode === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      put(dark ? "light" : "dark");
    };
  };
  put(null);
}
