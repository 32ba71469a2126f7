// A scanner that types like a keyboard: keys in quick succession, ended by Enter, wherever the focus is not in a field.
const QUICK = 60; // milliseconds between two keys; people are slower
const SHORTEST = 6;

export function listenToWedge(onCode) {
  let typed = "", last = 0;
  document.addEventListener("keydown", (event) => {
    const field = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (field || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.timeStamp - last > QUICK) typed = "";
    last = event.timeStamp;
    if (event.key === "Enter") {
      if (typed.length >= SHORTEST) { event.preventDefault(); event.stopPropagation(); onCode(typed); }
      typed = "";
    } else if (event.key.length === 1) typed += event.key;
  }, { capture: true });
}
