// The page: who is signed in, which view the address names, and the keys that work everywhere.
//
// Addresses: #/search?q=  #/files  #/c  #/c/ID?m=MESSAGE&start=&end= (a message, some of its words marked)
// #/join/TOKEN (a link into a conversation)
// #/file/ID?start=&end=&version= (a file's text beside the view that was open). workspace=ID in one names where that is.

import { $, toast } from "./dom.js";
import { api, setCsrf, setMe } from "./api.js";
import { showSignin, startSignin } from "./signin.js";
import { clearSearch, focusSearch, showSearch, startSearch } from "./search.js";
import { clearFiles, leaveFiles, showFiles, startFiles } from "./files.js";
import { followAlerts, startAlerts } from "./alerts.js";
import { clearAttached } from "./attach.js";
import { forgetNames } from "./attached.js";
import { setReader } from "./branches.js";
import { clearChat, showChat, startChat } from "./chat.js";
import { clearComposer, loadModels } from "./composer.js";
import { loadFeedback } from "./feedback.js";
import { loadRecent } from "./recent.js";
import { actIn, forgetWorkspaces, loadWorkspaces, startWorkspaces } from "./workspace.js";
import { join } from "./people.js";
import { startTelling } from "./telling.js";
import { startUsage } from "./usage.js";
import { startWebhooks } from "./webhooks.js";
import { closeViewer, openViewer, startViewer } from "./viewer.js";

const VIEWS = ["search", "files", "c"];
const HOME = "#/search";

let signedIn = false;
let under = HOME; // the address of the view beside the open file

startSearch();
startAlerts();
startTelling();
startWebhooks();
startUsage();
startFiles();
startChat();
startViewer(closeFile);
startSignin(enter);
startWorkspaces(moved);
window.addEventListener("hashchange", route);
window.addEventListener("signed-out", leave);
document.addEventListener("keydown", onKey);
$("#signout").addEventListener("click", signOut);
begin();

async function begin() {
  try {
    const me = await api("/auth/me");
    setCsrf(me.csrf_token);
    enter(me);
  } catch (error) {
    if (error.status !== 401) toast(error.message);
    if (!signedIn) showSignin();
  }
}

async function enter(user) {
  signedIn = true;
  setMe(user.id);
  setReader(user.id);
  await loadWorkspaces().catch((error) => toast(error.message));
  $("#account-name").textContent = user.name || user.email;
  $("#account-name").title = user.email;
  $("#signin").hidden = true;
  $("#app").hidden = false;
  loadModels().catch((error) => toast(error.message));
  loadFeedback().catch((error) => toast(error.message));
  loadRecent().catch((error) => toast(error.message));
  followAlerts(true);
  route();
}

function leave() {
  if (!signedIn) return;
  signedIn = false;
  followAlerts(false);
  forgetWorkspaces();
  setCsrf("");
  under = HOME;
  closeViewer();
  clearSearch();
  clearFiles();
  clearChat();
  clearComposer();
  forgetNames();
  $("#app").hidden = true;
  showSignin();
}

// Another workspace: what was shown of the last one goes.
function moved() {
  forgetViews();
  const [view] = location.hash.slice(2).split(/[/?]/u);
  history.replaceState(null, "", `#/${VIEWS.includes(view) ? view : "search"}`);
  route();
}

function forgetViews() {
  clearFiles();
  clearChat();
  clearAttached();
  loadFeedback().catch((error) => toast(error.message));
  loadRecent().catch((error) => toast(error.message));
  followAlerts(true);
}

async function signOut() {
  try {
    await api("/auth/logout", { method: "POST" });
  } catch (error) {
    if (error.status !== 401) return toast(error.message);
  }
  leave();
  return history.replaceState(null, "", HOME);
}

function route(event) {
  if (!signedIn) return;
  const [path, search = ""] = location.hash.slice(1).split("?");
  const [, view, id] = path.split("/");
  const parameters = new URLSearchParams(search);
  if (actIn(parameters.get("workspace"))) forgetViews();
  if (view === "join" && id) return void join(id);
  if (view === "file" && id) {
    const from = event?.oldURL ? new URL(event.oldURL).hash || HOME : "";
    if (!from) show("search", null, new URLSearchParams());
    else if (!from.startsWith("#/file/")) under = from;
    openViewer(id, parameters);
    return;
  }
  const stays = !$("#viewer").hidden && location.hash === under;
  closeViewer();
  if (!stays) show(VIEWS.includes(view) ? view : "search", id, parameters);
}

function show(view, id, parameters) {
  for (const name of VIEWS) {
    $(`#view-${name}`).hidden = name !== view;
    const tab = $(`[data-tab="${name}"]`);
    if (name === view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  if (view !== "files") leaveFiles();
  if (view === "search") {
    showSearch(parameters);
    if (matchMedia("(hover: hover)").matches) focusSearch();
  } else if (view === "files") showFiles();
  else showChat(id, parameters);
}

function closeFile() {
  location.hash = under;
}

function onKey(event) {
  if (!signedIn || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    if ($("#view-search").hidden || !$("#viewer").hidden) {
      history.pushState(null, "", HOME); // at once: a hash change comes after the next key, which would be lost
      route();
    }
    focusSearch();
  } else if (event.key === "Escape" && !$("#viewer").hidden && !$("#keys").open) {
    event.preventDefault();
    closeFile();
  }
}
