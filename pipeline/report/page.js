"use strict";
(function () {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  function layout(own, names, room) {
    const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), linecolor: colour("--line"), fixedrange: true };
    const made = Object.assign({
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true,
      font: { color: colour("--ink"), family: "system-ui, sans-serif", size: 12 },
      margin: { l: 48, r: 12, t: own.showlegend ? 48 : 24, b: 44 }, legend: { orientation: "h", y: 1, yanchor: "bottom" },
      colorway: [0, 1, 2, 3, 4, 5].map((n) => colour("--c" + n)),
    }, own);
    made.xaxis = Object.assign({}, axis, own.xaxis);
    made.yaxis = Object.assign({}, axis, own.yaxis);
    if (own.yaxis && own.yaxis.autorange === "reversed") {
      made.margin = { l: 8, r: 12, t: own.showlegend ? 40 : 8, b: 44 };
      if (room < 480) {  // the ends of names, so that bars have room; the tables have them whole
        made.yaxis.tickvals = names;
        made.yaxis.ticktext = names.map((name) => name.length > 16 ? "\u2026" + name.slice(-15) : name);
        made.yaxis.tickfont = { size: 10 };
        made.xaxis.nticks = 4;
        made.xaxis.tickangle = 0;
      }
    }
    made.shapes = (own.shapes || []).map((s) => Object.assign({}, s, { line: { dash: "dash", width: 2, color: colour("--c1") } }));
    return made;
  }
  const byName = new Map(figures.map((one) => [one.name, one]));
  function draw(place) {
    const one = byName.get(place.id);
    const data = one.data.map((trace) => Object.assign({}, trace));
    return Plotly.react(place, data, layout(one.layout, (data[0] || {}).y || [], place.clientWidth), { displayModeBar: false, responsive: true }).then(() => {
      place.dataset.drawn = "yes";
    });
  }
  const places = Array.from(document.querySelectorAll("[data-chart]"));
  const seen = new Set();
  const watcher = new IntersectionObserver((entries) => {
    entries.filter((one) => one.isIntersecting).forEach((one) => {
      watcher.unobserve(one.target);
      seen.add(one.target);
      draw(one.target);
    });
  }, { rootMargin: "600px" });
  places.forEach((place) => watcher.observe(place));
  dark.addEventListener("change", () => seen.forEach(draw));
  window.addEventListener("beforeprint", () => places.forEach(draw));
})();
