"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  // A row is a list. What many rows share is in a table: text that is new there comes as text, afterwards as its number.
  const FIELDS = ["id", "control", "status", "severity", "reason", "why", "message", "account", "region", "type", "name", "rid",
    "arn", "mode", "key", "configuration", "advice", "command", "advisories", "exception", "tags", "change"]; // the last one only where audits are compared
  const OWN = new Set(["id", "name", "rid", "exception"]);
  const LISTS = new Set(["advisories", "tags"]);
  const table = [""];
  const shared = (v) => {
    if (typeof v === "number") return v;
    if (v === undefined) return 0;
    if (Array.isArray(v)) v = v[0];
    return table.push(v) - 1;
  };
  const rows = data.rows.map((raw) => {
    const row = {};
    FIELDS.forEach((f, i) => {
      row[f] = OWN.has(f) ? raw[i] : LISTS.has(f) ? (raw[i] || []).map(shared) : shared(raw[i]);
    });
    return row;
  });
  const text = (row, f) => OWN.has(f) ? row[f] : table[row[f]];
  const rid = (row) => row.rid === 0 ? row.name : row.rid;
  const arn = (row) => table[row.arn] && table[row.arn].replaceAll("\u0002", rid(row));
  const whole = (row, s) => s.replaceAll("\u0004", arn(row)).replaceAll("\u0001", row.name).replaceAll("\u0003", table[row.configuration])
    .replaceAll("\u0002", rid(row));
  const named = (row) => row.name || rid(row) || arn(row) || "all of type " + table[row.type];
  const hay = (row) => row.hay ??= [row.id, named(row), rid(row), arn(row), table[row.account], table[row.region], table[row.control], table[row.reason],
    table[row.why], whole(row, table[row.message]), table[row.mode], table[row.key], table[row.configuration],
    ...row.advisories.map((i) => whole(row, table[i])), ...row.tags.map((i) => table[i]), ...(row.exception || [])].join("\n").toLowerCase();

  const kind = (id) => (data.controls[id] || {}).kind || id;
  const words = { fail: "✗ fails", unknown: "? unknown", exempt: "– exempt", pass: "✓ passes", not_applicable: "· not applicable" };
  const ranks = { status: ["fail", "unknown", "exempt", "not_applicable", "pass"], severity: ["high", "medium", "low"] };
  const rank = (f) => {
    const order = table.map((t, i) => i).sort((a, b) => {
      const list = ranks[f] || [];
      const x = list.indexOf(table[a]), y = list.indexOf(table[b]);
      return (x < 0 ? 99 : x) - (y < 0 ? 99 : y) || (table[a] < table[b] ? -1 : table[a] > table[b] ? 1 : 0);
    });
    const at = [];
    order.forEach((i, n) => { at[i] = n; });
    return at;
  };

  const PICKED = ["status", "control", "severity", "account", "region", "why", "change"].filter((f) => $("f-" + f));
  const state = { page: 0, size: 100, sort: "", down: false, shown: rows };
  const element = (name, content, attributes = {}) => {
    const e = document.createElement(name);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    for (const c of [content].flat()) if (c !== "" && c != null) e.append(c);
    return e;
  };

  for (const f of PICKED) {
    const seen = new Map();
    for (const row of rows) seen.set(row[f], (seen.get(row[f]) || 0) + 1);
    const at = rank(f);
    for (const i of [...seen.keys()].sort((a, b) => at[a] - at[b])) {
      const label = f === "status" ? words[table[i]] || table[i] : f === "control" ? kind(table[i]) : table[i] || "(none)";
      $("f-" + f).append(element("option", label + " (" + seen.get(i) + ")", { value: String(i) }));
    }
  }

  const filter = () => {
    const picked = PICKED.map((f) => [f, $("f-" + f).value]).filter(([, v]) => v !== "").map(([f, v]) => [f, Number(v)]);
    const terms = $("f-text").value.toLowerCase().split(/\s+/).filter(Boolean);
    state.shown = rows.filter((row) => picked.every(([f, v]) => row[f] === v) && (terms.length === 0 || terms.every((t) => hay(row).includes(t))));
    order();
  };
  const order = () => {
    const f = state.sort, sign = state.down ? -1 : 1;
    if (f === "name") {
      state.shown.sort((a, b) => { const x = named(a), y = named(b); return x < y ? -sign : x > y ? sign : 0; });
    } else if (f) {
      const at = rank(f);
      state.shown.sort((a, b) => sign * (at[a[f]] - at[b[f]]));
    } else {
      const s = rank("status"), v = rank("severity");
      state.shown.sort((a, b) => s[a.status] - s[b.status] || v[a.severity] - v[b.severity]);
    }
    state.page = 0;
    draw();
  };

  const detail = (row) => {
    const list = element("dl", "");
    const put = (term, value, code) => { if (value) list.append(element("dt", term), element("dd", code ? element("code", value) : value)); };
    put("What was found", whole(row, table[row.message]));
    put("Control", (data.controls[table[row.control]] || {}).title);
    put("Control's id", table[row.control], true);
    put("Reason", table[row.reason], true);
    put("Change", table[row.change].replace("_", " "));
    put("Mode", table[row.mode] || "not known");
    put("KMS key", table[row.key], true);
    put("Security configuration", table[row.configuration], true);
    put("Resource", arn(row), true);
    put("Id", rid(row), true);
    put("Type", table[row.type]);
    for (let i = 0; i < row.advisories.length; i += 2) put("Note: " + table[row.advisories[i]], whole(row, table[row.advisories[i + 1]]));
    if (row.exception) put(row.exception[3] ? "Exception, expired" : "Exception", "until " + row.exception[2] + ", owner " + row.exception[1] + ": " + row.exception[0]);
    for (let i = 0; i < row.tags.length; i += 2) put("Tag " + table[row.tags[i]], table[row.tags[i + 1]]);
    put("Finding", row.id, true);
    const all = [list];
    const command = whole(row, table[row.command]);
    if (table[row.advice]) all.push(element("h3", "What to do"), element("p", table[row.advice]));
    if (command) all.push(element("pre", command));
    return element("tr", element("td", all, { colspan: "7" }), { class: "detail", id: "d-" + row.id });
  };
  const line = (row) => {
    const button = element("button", named(row), { type: "button", "aria-expanded": "false" });
    const tr = element("tr", [
      element("td", element("span", words[table[row.status]] || table[row.status], { class: "status " + table[row.status] })),
      element("td", table[row.severity]), element("td", button), element("td", kind(table[row.control])), element("td", table[row.account]),
      element("td", table[row.region]), element("td", table[row.why])]);
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!open));
      if (open) tr.nextSibling.remove(); else tr.after(detail(row));
    });
    return tr;
  };
  const draw = (from = state.page * state.size, to = from + state.size) => {
    $("rows").replaceChildren(...state.shown.slice(from, to).map(line));
    const n = state.shown.length, pages = Math.max(1, Math.ceil(n / state.size));
    $("shown").textContent = n === 0 ? "No finding matches." :
      (from + 1).toLocaleString("en") + " to " + Math.min(to, n).toLocaleString("en") + " of " + n.toLocaleString("en") + (n === rows.length ? " findings" : " matching findings");
    $("where").textContent = "Page " + (state.page + 1) + " of " + pages;
    $("first").disabled = $("back").disabled = state.page === 0;
    $("on").disabled = $("last").disabled = state.page >= pages - 1;
    for (const b of document.querySelectorAll("th button[data-sort]")) {
      b.closest("th").setAttribute("aria-sort", b.dataset.sort !== state.sort ? "none" : state.down ? "descending" : "ascending");
    }
  };
  const turn = (to) => { state.page = to; draw(); };
  $("first").addEventListener("click", () => turn(0));
  $("back").addEventListener("click", () => turn(state.page - 1));
  $("on").addEventListener("click", () => turn(state.page + 1));
  $("last").addEventListener("click", () => turn(Math.ceil(state.shown.length / state.size) - 1));
  $("size").addEventListener("change", () => { state.size = Number($("size").value); turn(0); });
  for (const b of document.querySelectorAll("th button[data-sort]")) {
    b.addEventListener("click", () => {
      state.down = state.sort === b.dataset.sort && !state.down;
      state.sort = b.dataset.sort;
      order();
    });
  }
  let waiting = 0;
  $("f-text").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 150); });
  for (const f of PICKED) $("f-" + f).addEventListener("change", filter);
  $("filters").addEventListener("submit", (e) => { e.preventDefault(); filter(); });
  $("filters").addEventListener("reset", () => { state.sort = ""; state.down = false; setTimeout(filter); });

  // The links of the summary pick a value: #status=fail, #account=111122223333.
  const follow = () => {
    const [f, v] = decodeURIComponent(location.hash.slice(1)).split("=");
    if (!PICKED.includes(f)) return;
    const option = [...$("f-" + f).options].find((o) => o.value !== "" && table[Number(o.value)] === v);
    $("filters").reset();
    if (option) $("f-" + f).value = option.value;
    setTimeout(() => { filter(); $("findings").scrollIntoView(); $("findings").focus({ preventScroll: true }); });
  };
  addEventListener("hashchange", follow);

  // Paper has no pages to turn: it gets what matches, as far as anybody reads.
  const MOST = 2000;
  addEventListener("beforeprint", () => {
    const most = Math.min(MOST, state.shown.length);
    draw(0, most);
    $("printed").hidden = most === state.shown.length;
    $("printed").textContent = "The first " + most + " of " + state.shown.length + " are printed: filter to print others.";
  });
  addEventListener("afterprint", () => { $("printed").hidden = true; draw(); });

  $("list").hidden = false;
  order();
  follow();
})();
