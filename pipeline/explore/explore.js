"use strict";
(function () {
  const filters = document.querySelector(".filters");
  if (filters && window.innerWidth > 760) filters.open = true;
  const documents = Array.from(document.querySelectorAll("[data-document]"));
  let at = documents.length === 1 ? 0 : -1;
  documents.forEach((one, number) => one.addEventListener("focusin", () => { at = number; }));
  function show(label, form) {
    form.querySelectorAll("button[aria-pressed]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.value === label));
    });
  }
  async function send(form, label) {
    const body = new URLSearchParams(new FormData(form));
    body.set("label", label);
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (answer.ok) show((await answer.json()).label, form);
    else window.alert("The mark was not saved: " + (await answer.text()).slice(0, 300));
  }
  document.querySelectorAll("form.mark").forEach((form) => form.addEventListener("submit", (event) => {
    if (!event.submitter) return;
    event.preventDefault();
    send(form, event.submitter.value);
  }));
  function go(step) {
    if (!documents.length) return;
    at = Math.min(documents.length - 1, Math.max(0, at + step));
    const link = documents[at].querySelector("h3 a");
    if (link) { link.focus(); documents[at].scrollIntoView({ block: "nearest" }); }
  }
  const follow = (selector) => { const link = document.querySelector(selector); if (link) link.click(); };
  const marks = { g: "good", b: "bad", u: "" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.key === "j" || event.key === "k") go(event.key === "j" ? 1 : -1);
    else if (event.key === "n") follow("[data-next]");
    else if (event.key === "/") {
      const words = document.querySelector("[data-words]");
      if (!words) return;
      event.preventDefault();
      if (filters) filters.open = true;
      words.focus();
    } else if (event.key in marks && documents[at]) {
      const form = documents[at].querySelector("form.mark");
      if (form) send(form, marks[event.key]);
    }
  });
})();
