// Which workspace the page acts in, for people who have more than one.

import { $, fill, h } from "./dom.js";
import { api, setWorkspace } from "./api.js";

const KEPT = "recollect.workspace"; // of this tab

let ids = [];
let roles = new Map(); // workspace -> what one is in it
let current = "";

export function startWorkspaces(onSwitch) {
  $("#workspace").addEventListener("change", (event) => { if (actIn(event.target.value)) onSwitch(); });
}

export async function loadWorkspaces() {
  forgetWorkspaces();
  const { items } = await api("/workspaces?limit=100");
  ids = items.map(({ id }) => id);
  roles = new Map(items.map(({ id, role }) => [id, role]));
  current = (items.find(({ kind }) => kind === "personal") ?? items[0]).id;
  fill($("#workspace"), items.map(({ id, name, kind }) => h("option", { value: id }, kind === "personal" ? "My own" : name)));
  for (const element of [$("#workspace"), $("#search-where")]) element.hidden = items.length < 2;
  $("#workspace").value = current;
  actIn(sessionStorage.getItem(KEPT));
}

// Whether that is another one than before. One that the person is not in stays unvisited.
export function actIn(id) {
  if (id === current || !ids.includes(id)) return false;
  current = id;
  setWorkspace(id);
  $("#workspace").value = id;
  sessionStorage.setItem(KEPT, id);
  return true;
}

export const workspaces = () => [...$("#workspace").options].map(({ value, text }) => ({ id: value, name: text, isCurrent: value === current }));

export const mayAdminister = () => ["owner", "admin"].includes(roles.get(current));

export function forgetWorkspaces() {
  ids = [];
  setWorkspace("");
  fill($("#workspace"));
}
