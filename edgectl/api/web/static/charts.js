// Curves with a band for each task that ran meanwhile: of the last hours, or of the time of one task. One sensor after
// the other, so that a slow link shows the first one soon.
"use strict";

const AGAIN_S = 60;
const AGAIN_AT_WORK_S = 20;
const ROOM_S = 30; // before and after a task
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const drawn = []; // { figure, plot, past }
let hours = 6;

function bands(one) {
  return {
    hooks: {
      drawClear: (plot) => {
        const context = plot.ctx;
        context.save();
        context.fillStyle = colour("--band");
        for (const task of one.past.tasks) {
          if (task.zone !== one.figure.dataset.zone) continue;
          const begin = plot.valToPos(Math.max(task.begin, plot.scales.x.min), "x", true);
          const end = plot.valToPos(Math.min(task.end, plot.scales.x.max), "x", true);
          if (end >= begin) context.fillRect(begin, plot.bbox.top, Math.max(2, end - begin), plot.bbox.height);
        }
        context.restore();
      },
    },
  };
}

// From when until when: around a task, or so many hours back from the newest point.
function range(one) {
  const { begin, end } = one.figure.dataset;
  const newest = one.past.at[one.past.at.length - 1];
  if (begin) return { min: Number(begin) - ROOM_S, max: (end ? Number(end) : newest) + ROOM_S };
  return { min: Math.max(one.past.at[0], newest - hours * 3600), max: newest };
}

function clocks() {
  const told = { timeZone: document.querySelector("figure.chart").dataset.timezone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const lang = document.documentElement.lang;
  return [new Intl.DateTimeFormat(lang, told), new Intl.DateTimeFormat(lang, { ...told, second: "2-digit" })];
}

async function past(figure) {
  const answer = await fetch(`/sensors/${encodeURIComponent(figure.dataset.sensor)}/past`).catch(() => null);
  return answer && answer.ok ? (await answer.json()).data : null;
}

// What the curve says where a finger or a mouse is: the time, and the number with its unit.
function read(one, clock) {
  const told = one.figure.querySelector(".at");
  const number = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 4 });
  return (plot) => {
    const at = plot.cursor.idx;
    const value = at === null ? null : plot.data[1][at];
    const shown = value === null || value === undefined ? "" : ` ${number.format(value)} ${one.figure.dataset.unit}`;
    told.textContent = shown && `${clock.format(plot.data[0][at] * 1000)}${shown}`;
  };
}

async function draw(figure) {
  const place = figure.querySelector(".plot");
  const one = { figure, past: await past(figure) };
  if (!one.past) {
    place.textContent = figure.dataset.failed;
    return;
  }
  const { min, max } = one.past.at.length ? range(one) : {};
  if (one.past.at.filter((at) => at >= min && at <= max).length < 2) {
    place.textContent = figure.dataset.empty;
    return;
  }
  place.textContent = "";
  const [minutes, seconds] = clocks();
  const axis = { stroke: colour("--ink"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const told = (_, at, __, ___, step) => at.map((s) => (step < 60 ? seconds : minutes).format(s * 1000));
  const options = {
    width: place.clientWidth,
    height: 180,
    legend: { show: false },
    plugins: [bands(one), { hooks: { setCursor: read(one, minutes) } }],
    scales: { x: { time: true } },
    axes: [{ ...axis, values: told, space: 70 }, axis],
    series: [{}, { label: one.past.unit || "-", stroke: colour("--accent"), width: 2, spanGaps: false }],
  };
  one.plot = new uPlot(options, [one.past.at, one.past.values], place);
  one.plot.setScale("x", range(one));
  figure.dataset.points = one.past.at.length;
  drawn.push(one);
}

// Those that are seen, and not while the page lies in the pocket.
async function again() {
  const at_work = document.querySelector("main .runs") !== null;
  setTimeout(again, (at_work ? AGAIN_AT_WORK_S : AGAIN_S) * 1000);
  if (document.hidden) return;
  for (const one of drawn) {
    const box = one.figure.getBoundingClientRect();
    if (box.bottom < 0 || box.top > innerHeight) continue;
    const found = await past(one.figure);
    if (!found || !found.at.length) continue;
    one.past = found;
    one.plot.setData([found.at, found.values]);
    one.plot.setScale("x", range(one));
    one.figure.dataset.points = found.at.length;
  }
}

function choose(button) {
  hours = Number(button.dataset.hours);
  for (const other of document.querySelectorAll("button[data-hours]")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
  for (const one of drawn) one.plot.setScale("x", range(one));
}

(async () => {
  for (const part of document.querySelectorAll("[data-scripts][hidden]")) part.hidden = false;
  for (const button of document.querySelectorAll("button[data-hours]")) {
    button.addEventListener("click", () => choose(button));
  }
  for (const figure of document.querySelectorAll("figure.chart")) await draw(figure);
  setTimeout(again, AGAIN_AT_WORK_S * 1000);
})();
