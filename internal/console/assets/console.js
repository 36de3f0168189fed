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
// A live part that gets no stream, since there are too many, is asked for as it stands now and then. htmx asks for the
// stream again whenever it has taken the part's place, unless there is nothing more to follow.
const look = (live) => htmx.ajax("GET", location.pathname + location.search, { source: document.body, target: live, select: "#" + live.id, swap: "outerMorph" });
document.addEventListener("htmx:response:error", (event) => {
  const live = event.target.closest?.("[hx-sse\\:connect]");
  const { status, raw } = event.detail.ctx?.response ?? {};
  if (!live || (status !== 429 && status !== 503)) return;
  setTimeout(() => live.isConnected && look(live), 1000 * (Number(raw.headers.get("Retry-After")) || 15));
});
document.addEventListener("htmx:sse:error", (event) => { // of one that was broken off, and asks again by itself
  if (event.detail.status === 429 || event.detail.status === 503) look(event.target);
});
