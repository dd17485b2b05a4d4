// Elements from text and attributes. Nothing here takes HTML, so nobody's words can become markup.
// Offsets of the API count code points, JavaScript's strings count UTF-16 units: slices go through points().

export const $ = (selector, root = document) => root.querySelector(selector);

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...present(children));
  return element;
}

export function fill(parent, ...children) {
  parent.replaceChildren(...present(children));
  return parent;
}

function present(children) {
  return children.flat(Infinity).filter((child) => child != null && child !== false && child !== "");
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export const points = (text) => Array.from(text);

// The text as nodes, with <mark> around the spans; spans are {start, end} in code points, sorted, and may overlap.
export function marked(text, spans) {
  const characters = points(text);
  const nodes = [];
  let at = 0;
  for (const span of spans) {
    const start = Math.max(span.start, at);
    const end = Math.min(span.end, characters.length);
    if (end <= start) continue;
    nodes.push(characters.slice(at, start).join(""), h("mark", {}, characters.slice(start, end).join("")));
    at = end;
  }
  return [...nodes, characters.slice(at).join("")];
}

export function when(iso) {
  const date = new Date(iso);
  const now = new Date();
  const sameDay = date.toDateString() === now.toDateString();
  const sameYear = date.getFullYear() === now.getFullYear();
  const shape = sameDay
    ? { hour: "numeric", minute: "2-digit" }
    : { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) };
  const exact = date.toLocaleString();
  return h("time", { datetime: iso, title: exact }, new Intl.DateTimeFormat(undefined, shape).format(date));
}

export function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${value < 10 && power ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

export function count(n, one, many = `${one}s`) {
  return `${n.toLocaleString()} ${n === 1 ? one : many}`;
}

export function pagesOf(pages) {
  if (!pages) return "";
  return pages[0] === pages[1] ? `page ${pages[0]}` : `pages ${pages[0]}–${pages[1]}`;
}

let hiding;
export function toast(message, action) {
  const element = $("#toast");
  ($("dialog[open]") ?? document.body).append(element); // what stands behind a dialog can be neither seen nor pressed
  const close = () => { element.hidden = true; };
  const button = action && h("button", { class: "link", type: "button", onclick: () => { close(); action.run(); } }, action.label);
  fill(element, h("span", {}, message), button);
  element.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(close, action ? 10_000 : 6_000);
}

// Tell the person why a piece of work came to nothing.
export async function report(work) {
  try {
    await work;
  } catch (error) {
    toast(error.message);
  }
}
