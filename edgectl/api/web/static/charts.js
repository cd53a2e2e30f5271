// Curves of the last hours with a band for each task that ran meanwhile. One sensor after the other, so that a slow link
// shows the first one soon.
"use strict";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function bands(tasks, zone) {
  return {
    hooks: {
      drawClear: (plot) => {
        const context = plot.ctx;
        context.save();
        context.fillStyle = colour("--band");
        for (const task of tasks) {
          if (task.zone !== zone) continue;
          const begin = plot.valToPos(Math.max(task.begin, plot.scales.x.min), "x", true);
          const end = plot.valToPos(Math.min(task.end, plot.scales.x.max), "x", true);
          if (end >= begin) context.fillRect(begin, plot.bbox.top, Math.max(2, end - begin), plot.bbox.height);
        }
        context.restore();
      },
    },
  };
}

async function draw(figure) {
  const place = figure.querySelector(".plot");
  const answer = await fetch(`/sensors/${encodeURIComponent(figure.dataset.sensor)}/past`);
  if (!answer.ok) return;
  const past = (await answer.json()).data;
  if (past.at.length < 2) {
    place.textContent = figure.dataset.empty;
    return;
  }
  place.textContent = "";
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
    timeZone: figure.dataset.timezone, hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  const axis = { stroke: colour("--ink"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const options = {
    width: place.clientWidth,
    height: 180,
    legend: { show: false },
    plugins: [bands(past.tasks, figure.dataset.zone)],
    scales: { x: { time: true } },
    axes: [{ ...axis, values: (_, at) => at.map((s) => clock.format(s * 1000)) }, axis],
    series: [{}, { label: past.unit || "-", stroke: colour("--accent"), width: 2, spanGaps: false }],
  };
  new uPlot(options, [past.at, past.values], place);
}

(async () => {
  for (const figure of document.querySelectorAll("figure.chart")) await draw(figure);
})();
