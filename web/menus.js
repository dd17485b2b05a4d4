// Menus that open below their button: a press elsewhere closes them, and so does Escape, which leads back to the button.

import { $ } from "./dom.js";

export function startMenus() {
  document.addEventListener("pointerdown", ({ target }) => close((menu) => !menu.contains(target)));
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") close(() => true).forEach((menu) => $("summary", menu).focus());
  });
}

function close(wanted) {
  const closing = [...document.querySelectorAll("details.menu[open]")].filter(wanted);
  for (const menu of closing) menu.open = false;
  return closing;
}
