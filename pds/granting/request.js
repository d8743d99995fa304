// The sum of the ticks, kept up to date while they change. Without this script the next page says it, for certain.
"use strict";

(() => {
  const box = document.getElementById("sum");
  if (!box) return;
  const words = box.querySelector("output");
  const form = box.closest("form");
  const fill = (pattern, values) => Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), pattern);

  const yearsOf = (offer) => {
    const boxes = [...offer.querySelectorAll("input[name^='years-']")];
    const ticked = boxes.filter((one) => one.checked);
    return (ticked.length || !boxes.length ? ticked : boxes).map((one) => Number(one.value));
  };
  const sayYears = (years) => {
    const ordered = [...new Set(years)].sort();
    const first = ordered[0];
    const last = ordered[ordered.length - 1];
    if (ordered.length > 1 && last - first === ordered.length - 1) return fill(box.dataset.run, { first, last });
    return ordered.map((year) => fill(box.dataset.year, { year })).join(box.dataset.joint);
  };
  const show = () => {
    const taken = [...form.querySelectorAll("fieldset.offer")].filter((offer) => offer.querySelector("input[name='take']").checked);
    if (!taken.length) {
      words.textContent = box.dataset.none;
      return;
    }
    const years = taken.flatMap((offer) => (offer.dataset.only ? [Number(offer.dataset.only)] : yearsOf(offer)));
    words.textContent = fill(box.dataset.some, { taken: taken.length, years: sayYears(years) });
  };
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show);
})();
