"use strict";
// The page works without this file: it adds a switch for dark and light, buttons that copy, and one film at a time.
const root = document.documentElement;
const system = window.matchMedia("(prefers-color-scheme: dark)");
const button = document.getElementById("theme");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
const label = () => { button.textContent = isDark() ? "Light" : "Dark"; };
try {
  const kept = localStorage.getItem("dexbench-theme");
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
} catch { /* a page opened from a file may have no storage */ }
button.hidden = false;
label();
system.addEventListener("change", label);
button.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  try { localStorage.setItem("dexbench-theme", root.dataset.theme); } catch { /* as above */ }
  label();
});

for (const box of document.querySelectorAll(".code")) {
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "copy";
  copy.textContent = "Copy";
  copy.addEventListener("click", async () => {
    const code = box.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      copy.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      copy.textContent = "Selected";
    }
    setTimeout(() => { copy.textContent = "Copy"; }, 1600);
  });
  box.append(copy);
}

const films = [...document.querySelectorAll("video")];
for (const film of films) {
  film.addEventListener("play", () => { for (const other of films) if (other !== film) other.pause(); });
}
