// Buttons that do nothing without this script are hidden until it has run.
document.documentElement.classList.add("scripted");
// Copies a command when its button is pressed.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy);
  if (!text) return;
  try {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(text);
    button.textContent = "Selected";
  }
});
// Ticks all boxes of a name in the same form, or none where all are.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-tick]");
  if (!button) return;
  const boxes = [...button.form.querySelectorAll("input[type=checkbox]")].filter((box) => box.name === button.dataset.tick);
  const all = boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = !all;
});
