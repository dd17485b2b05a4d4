// Signing in and making an account. Somebody's first visit offers to make one, later visits to sign in.

import { $ } from "./dom.js";
import { api, setCsrf } from "./api.js";

const VISITED = "recollect.visited";
const WORDS = {
  login: {
    title: "Sign in", lead: "", button: "Sign in", question: "New here?", other: "Create an account", autocomplete: "current-password",
  },
  register: {
    title: "Create an account",
    lead: "The first account on this server becomes its administrator.",
    button: "Create account", question: "Have an account?", other: "Sign in", autocomplete: "new-password",
  },
};

let mode = "login";
let done = () => {};

export function startSignin(onSignedIn) {
  done = onSignedIn;
  $("#signin-switch").addEventListener("click", () => show(mode === "login" ? "register" : "login"));
  $("#signin-form").addEventListener("submit", submit);
}

export function showSignin() {
  $("#signin").hidden = false;
  $("#signin-form").reset();
  show(localStorage.getItem(VISITED) ? "login" : "register");
}

function show(next) {
  mode = next;
  const words = WORDS[mode];
  $("#signin-title").textContent = words.title;
  $("#signin-lead").textContent = words.lead;
  $("#signin-form button").textContent = words.button;
  $("#signin-question").textContent = words.question;
  $("#signin-switch").textContent = words.other;
  $("#signin-name").hidden = mode === "login";
  $("#signin-form [name=password]").autocomplete = words.autocomplete;
  tell("");
  $(mode === "login" ? "#signin-form [name=email]" : "#signin-form [name=name]").focus();
}

async function submit(event) {
  event.preventDefault();
  const { name, email, password } = Object.fromEntries(new FormData(event.target));
  const button = $("#signin-form button");
  button.disabled = true;
  tell("");
  try {
    if (mode === "register") await api("/auth/register", { method: "POST", body: { name, email, password } });
    const answer = await api("/auth/login", { method: "POST", body: { email, password } });
    setCsrf(answer.csrf_token);
    localStorage.setItem(VISITED, "yes");
    $("#signin").hidden = true;
    event.target.reset();
    done(answer.user);
  } catch (error) {
    tell(error.message);
  } finally {
    button.disabled = false;
  }
}

function tell(message) {
  const line = $("#signin-error");
  line.textContent = message;
  line.hidden = !message;
}
