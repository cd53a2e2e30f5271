// What the page does between two answers of the controller: it counts ages and times, says when it is cut off, lets a stop
// be held, and keeps still under a finger. Without it the page is a plain one that works.
"use strict";

const HOLD_MS = 900;
const AGAIN_MS = 4000;
const TAPS_MS = 700; // two presses closer than that are a double tap
const CUT_MS = 12000;
const LONGEST_MS = 30000; // a finger whose lifting nobody told is no finger any more
const STILL_MS = 1500; // after a touch nothing is replaced under the finger
const TYPING_MS = 15000; // and nothing that somebody is about to fill in
const SAID_MS = 10000; // what went well need not be read for longer; what was refused stays
const LIST_MS = 30000;

const body = document.body;
const units = (body.dataset.units || "s,min,h,d").split(",");
let heard = 0; // when the stream said something last; 0: never
let touched = { at: 0, where: null, down: false };
const waiting = new Map(); // pieces that came while somebody had their place in hand
const chosen = new Map(); // and what somebody has chosen stays chosen until it is sent
const unfolded = new Set(); // what somebody has opened stays open when its place is drawn anew
const born = new WeakMap(); // when an element with an age came into the page

function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  for (const [size, unit, part, next] of [[86400, 3, 3600, 2], [3600, 2, 60, 1], [60, 1, 1, 0]]) {
    if (s < size) continue;
    const rest = Math.floor((s % size) / part);
    return `${Math.floor(s / size)} ${units[unit]}` + (rest ? ` ${rest} ${units[next]}` : "");
  }
  return `${s} ${units[0]}`;
}

function since(element) {
  if (!born.has(element)) born.set(element, Date.now());
  return (Date.now() - born.get(element)) / 1000;
}

function tick() {
  for (const element of document.querySelectorAll("[data-age]")) {
    element.textContent = span(Number(element.dataset.age) + since(element));
  }
  for (const element of document.querySelectorAll("[data-ends]")) {
    const left = (Date.parse(element.dataset.ends) - now()) / 1000;
    element.textContent = span(left);
  }
  for (const element of document.querySelectorAll("[data-count]")) {
    const shown = Math.min(Number(element.dataset.most), Number(element.dataset.count) + since(element));
    element.textContent = String(Math.floor(shown));
    const bar = element.closest(".runs").querySelector("progress");
    if (bar) bar.value = shown;
  }
  for (const element of document.querySelectorAll(".clock[data-now]")) {
    const [h, m, s] = element.dataset.now.split(":").map(Number);
    const t = (h * 3600 + m * 60 + s + Math.floor(since(element))) % 86400;
    const two = (n) => String(n).padStart(2, "0");
    element.firstChild.data = `${two(Math.floor(t / 3600))}:${two(Math.floor(t / 60) % 60)}:${two(t % 60)}`;
  }
  showLive();
}

// The clock of the controller, not of the phone: the end of an ON is told by the former.
function now() {
  const clock = document.querySelector("[data-instant]");
  if (!clock) return Date.now();
  return Date.parse(clock.dataset.instant) + since(clock) * 1000;
}

function showLive() {
  const sign = document.getElementById("live");
  if (!sign) return;
  const cut = heard === 0 || Date.now() - heard > CUT_MS;
  sign.classList.toggle("cut", cut);
  sign.classList.toggle("beating", !cut);
  if (cut) {
    sign.textContent = `${body.dataset.cut} ${sign.dataset.since || sign.dataset.at}`;
  } else {
    sign.dataset.since = sign.dataset.at;
    sign.textContent = body.dataset.live;
  }
}

// ---- holding a stop: a finger that slips does nothing, a key or a screen reader presses twice

function held(button) {
  let timer = 0;
  let armed = 0;
  let done = false;
  let pointed = false;
  const submit = () => {
    done = true;
    button.classList.remove("pressed", "armed");
    button.form.requestSubmit(button);
  };
  const press = (event) => {
    if (event.button) return;
    done = false;
    pointed = true;
    button.classList.add("pressed");
    timer = setTimeout(submit, HOLD_MS);
  };
  const let_go = () => {
    clearTimeout(timer);
    button.classList.remove("pressed");
  };
  button.addEventListener("pointerdown", press);
  for (const kind of ["pointerup", "pointerleave", "pointercancel"]) button.addEventListener(kind, let_go);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("keydown", () => {
    pointed = false;
  });
  button.addEventListener("click", (event) => {
    if (event.detail === 0 && !event.isTrusted) return; // our own requestSubmit needs no click
    event.preventDefault();
    if (done) {
      done = false;
      return;
    }
    // Two quick taps of a finger or a mouse are how one opens things, and not how one means this.
    const tapped = pointed && Date.now() - armed < TAPS_MS;
    pointed = false;
    if (tapped) {
      armed = Date.now();
      return;
    }
    if (Date.now() - armed < AGAIN_MS) {
      armed = 0;
      submit();
      return;
    }
    armed = Date.now();
    button.classList.add("armed");
    const how = button.querySelector(".how");
    if (how) {
      const before = how.textContent;
      how.textContent = body.dataset.again;
      setTimeout(() => {
        how.textContent = before;
        button.classList.remove("armed");
      }, AGAIN_MS);
    }
  });
}

// Is somebody's finger on this place, or are they filling it in?
function inHand(place) {
  const ago = Date.now() - touched.at;
  if (ago < (touched.down ? LONGEST_MS : STILL_MS) && place.contains(touched.where)) return true;
  const focused = document.activeElement;
  if (place.contains(focused) && focused.matches("input, select")) {
    if (ago < TYPING_MS || (focused.matches("input") && focused.value)) return true;
  }
  return place.querySelector("button.pressed, button.armed") !== null;
}

function show_what_waited() {
  for (const [place, text] of waiting) {
    if (!place.isConnected) waiting.delete(place);
    else if (!inHand(place)) {
      waiting.delete(place);
      htmx.swap(place, text, { swapStyle: "innerHTML" });
    }
  }
}

function ready(root) {
  for (const button of root.querySelectorAll("button[data-hold]")) {
    if (!button.dataset.ready) {
      button.dataset.ready = "1";
      held(button);
    }
  }
  for (const form of root.querySelectorAll("form[action$='/water']")) {
    if (!form.elements.wish) {
      const wish = document.createElement("input");
      wish.type = "hidden";
      wish.name = "wish";
      form.append(wish);
    }
    form.elements.wish.value = crypto.getRandomValues(new Uint32Array(4)).join("");
  }
  for (const select of root.querySelectorAll("select[id]")) {
    const wish = chosen.get(select.id);
    if ([...select.options].some((option) => option.value === wish)) select.value = wish;
  }
  for (const folded of root.querySelectorAll("details[id]")) if (unfolded.has(folded.id)) folded.open = true;
  for (const form of root.querySelectorAll("form[data-waits]")) {
    if (form.dataset.ready) continue;
    form.dataset.ready = "1";
    form.addEventListener("submit", () => waits(form));
  }
  tick();
}

// What takes some seconds says so, to eyes and to screen readers, and is not asked for twice.
function waits(form) {
  const told = document.createElement("p");
  told.textContent = form.dataset.waits;
  document.getElementById("said").replaceChildren(told);
  for (const button of form.querySelectorAll("button")) {
    button.textContent = form.dataset.waits;
    setTimeout(() => (button.disabled = true));
  }
}

// ---- what an order came to stands above the stops, and makes room by itself, by a touch or by a key

let leaves = 0;
function said_is_read() {
  document.getElementById("said").replaceChildren();
}

function said(place) {
  clearTimeout(leaves);
  if (place.querySelector(".good")) leaves = setTimeout(said_is_read, SAID_MS);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#said")) said_is_read();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") said_is_read();
});

// ---- lists that no stream draws: fetched anew while their beginning is looked at, and nobody has them in hand

async function renew(place) {
  const { top } = place.getBoundingClientRect();
  if (document.hidden || inHand(place) || top < 0 || top > innerHeight) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer || !answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(place.id);
  if (!fresh || inHand(place)) return;
  place.replaceChildren(...fresh.childNodes);
  ready(place);
}

document.addEventListener("change", ({ target }) => target.matches("select[id]") && chosen.set(target.id, target.value));
function renew_lists() {
  for (const place of document.querySelectorAll("[data-fresh]")) renew(place);
}

setInterval(renew_lists, LIST_MS);
document.addEventListener(
  "toggle",
  ({ target }) => target.id && (target.open ? unfolded.add(target.id) : unfolded.delete(target.id)),
  true,
);

for (const kind of ["pointerdown", "keydown"]) {
  const down = kind === "pointerdown";
  document.addEventListener(kind, (event) => (touched = { at: Date.now(), where: event.target, down }), true);
}
for (const kind of ["pointerup", "pointercancel"]) {
  document.addEventListener(kind, () => Object.assign(touched, { at: Date.now(), down: false }), true);
}

document.addEventListener("htmx:sseOpen", () => (heard = Date.now()));
document.addEventListener("htmx:sseBeforeMessage", (event) => {
  heard = Date.now();
  waiting.delete(event.target);
  if (!inHand(event.target)) return;
  event.preventDefault();
  waiting.set(event.target, event.detail.data);
});
document.addEventListener("htmx:sseMessage", () => (heard = Date.now()));
document.addEventListener("htmx:afterSettle", (event) => {
  ready(event.target);
  if (event.target.id === "said") said(event.target);
});
document.addEventListener("htmx:afterRequest", (event) => {
  touched.at = 0; // what was pressed has been done: now its place may change
  const form = event.target.closest ? event.target.closest("form") : null;
  for (const select of form ? form.querySelectorAll("select[id]") : []) chosen.delete(select.id);
  if (form && form.elements.wish) form.elements.wish.value = crypto.getRandomValues(new Uint32Array(4)).join("");
});

setInterval(() => (show_what_waited(), tick()), 1000);
ready(document);
