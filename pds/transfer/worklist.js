// Keys for the work list: j and k go down and up, Enter opens (as for any link), / finds a child. All of it works with the mouse as well.
"use strict";

const list = document.getElementById("cases");
const finder = document.getElementById("finder");

function links() {
  return [...list.querySelectorAll("[data-case]")].filter((row) => !row.hidden).map((row) => row.querySelector("a"));
}

function step(by) {
  const found = links();
  const next = found.indexOf(document.activeElement) + by;
  const target = found[Math.min(Math.max(next, 0), found.length - 1)];
  if (target) {
    target.focus();
    target.closest("[data-case]").scrollIntoView({ block: "nearest" });
  }
}

function find() {
  const wanted = finder.querySelector("input").value.normalize("NFKC").toLowerCase().replace(/\s/g, "");
  let shown = 0;
  for (const row of list.querySelectorAll("[data-case]")) {
    row.hidden = !row.dataset.case.normalize("NFKC").toLowerCase().replace(/\s/g, "").includes(wanted);
    shown += row.hidden ? 0 : 1;
  }
  finder.querySelector("[data-none]").hidden = shown > 0;
}

if (list && finder) {
  finder.hidden = false;
  const field = finder.querySelector("input");
  field.addEventListener("input", find);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      field.value = "";
      find();
      field.blur();
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      step(1);
    }
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, [contenteditable]");
    if (typing || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      step(event.key === "j" ? 1 : -1);
    } else if (event.key === "/") {
      event.preventDefault();
      field.focus();
    }
  });
}
