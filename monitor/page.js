"use strict";
(() => {
  const $ = id => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const params = new URLSearchParams(location.search);
  const query = params.has("pool") ? "?pool=" + encodeURIComponent(params.get("pool")) : "";
  const KEPT = 600;

  let history = [], last = null, held = false, heard = 0, settings = [], limits = "";

  // --- Words and figures -------------------------------------------------

  const whole = new Intl.NumberFormat("en");
  const count = n => n < 1e5 ? whole.format(n) : new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(n);
  function time(ms) {
    if (ms <= 0) return "0";
    if (ms < 1) return Math.max(1, Math.round(ms * 1000)) + " µs";
    if (ms < 10) return ms.toFixed(1) + " ms";
    if (ms < 1000) return Math.round(ms) + " ms";
    if (ms < 60e3) return (ms / 1000).toFixed(ms < 10e3 ? 2 : 1) + " s";
    if (ms < 3600e3) return Math.floor(ms / 60e3) + " min " + Math.floor(ms % 60e3 / 1000) + " s";
    return Math.floor(ms / 3600e3) + " h " + Math.floor(ms % 3600e3 / 60e3) + " min";
  }
  const clock = t => new Date(t).toLocaleTimeString("en-GB");
  const plural = (n, one, many) => count(n) + " " + (n === 1 ? one : many);

  // --- Elements are changed only where something changed, so that focus,
  // selection and screen readers are left in peace --------------------------

  function text(el, s) { s = String(s); if (el.textContent !== s) el.textContent = s; }
  function name(el, s) { if (el.getAttribute("class") !== s) el.setAttribute("class", s); }
  function make(tag, className, s) {
    const el = document.createElement(tag);
    if (className) el.className = className;
    if (s !== undefined) el.textContent = s;
    return el;
  }
  // fit makes parent have as many children as there are items, and fills each.
  function fit(parent, items, create, fill) {
    while (parent.children.length > items.length) parent.lastElementChild.remove();
    items.forEach((item, i) => {
      if (i >= parent.children.length) parent.append(create());
      fill(parent.children[i], item, i);
    });
  }
  // rows fills a table; columns are functions that fill a cell, with its class in front.
  function rows(id, items, columns, each) {
    fit($(id).tBodies[0], items, () => {
      const tr = make("tr");
      for (const [className] of columns) tr.append(make("td", className));
      return tr;
    }, (tr, item, i) => {
      if (each) each(tr, item);
      columns.forEach(([, fill], c) => {
        const v = fill(item, tr.cells[c], i);
        if (v !== undefined) text(tr.cells[c], v);
      });
    });
  }
  // brief leaves the directories out of places in the program, and the paths out
  // of the names of packages.
  const brief = s => s.replace(/[^\s(]*\/(?=[^\s/]+\.\w)/g, "");
  // statement fills a cell with a digest, and with a place in the program.
  function statement(cell, digest, place, otherwise) {
    if (!cell.firstChild) cell.append(make("code"), make("span", "place"));
    const code = cell.firstChild, note = cell.lastChild;
    text(code, digest || otherwise || "");
    if (code.textContent.length > 150) code.tabIndex = 0; else code.removeAttribute("tabindex");
    text(note, brief(place || ""));
    if (note.title !== (place || "")) note.title = place || "";
  }
  function pairs(dl, items, wrap) {
    fit(dl, items, () => {
      const div = make("div");
      div.append(make("dt"), make("dd"));
      if (wrap) div.lastChild.append(make("span"), make("small"));
      return div;
    }, (div, [term, value, level, more]) => {
      name(div, level || "");
      text(div.firstChild, term);
      text(wrap ? div.lastChild.firstChild : div.lastChild, value);
      if (wrap) text(div.lastChild.lastChild, more || "");
    });
  }

  // --- The parts -----------------------------------------------------------

  const SIGNS = { healthy: "✓", warning: "▲", unhealthy: "✕" };
  function banner(s) {
    const h = s.health;
    $("banner").dataset.status = h.status;
    text($("sign"), SIGNS[h.status]);
    text($("word"), h.status);
    text($("ready"), h.ready ? "· ready" : "· not ready");
    fit($("reasons"), h.reasons, () => { const li = make("li"); li.append(make("span"), make("code")); return li; }, (li, r) => {
      text(li.firstChild, r.text);
      text(li.lastChild, r.code);
    });
    document.title = SIGNS[h.status] + " " + s.stats.name + " · pooled";
    text($("name"), s.stats.name);
  }

  const WEIGHT = { info: "○", warning: "▲", critical: "✕" };
  function advice(s) {
    $("s-advice").hidden = !s.advice.length;
    text($("n-advice"), s.advice.length ? plural(s.advice.length, "recommendation", "recommendations") : "");
    fit($("advice"), s.advice, () => {
      const li = make("li"), h3 = make("h3"), sign = make("b"), dl = make("dl");
      sign.setAttribute("aria-hidden", "true");
      h3.append(sign, make("span"), make("i"), make("code"));
      li.append(h3, make("p", "do"), dl);
      return li;
    }, (li, a) => {
      const [h3, act, dl] = li.children, [sign, severity, title, code] = h3.children;
      name(li, a.severity);
      text(sign, WEIGHT[a.severity] + " ");
      text(severity, a.severity);
      text(title, ": " + a.title);
      text(code, a.code);
      text(act, a.action);
      pairs(dl, [["observed", brief(a.observed)], ["arithmetic", a.arithmetic], ["setting", a.setting && a.setting + ": " + [a.now, a.value].filter(Boolean).join(" → ")],
        ["effect", a.effect], ["since", a.since && clock(a.since)]].filter(p => p[1]));
    });
  }

  function tiles(s) {
    const c = s.stats.connections, h = s.health, since = history.slice(-10);
    const loans = since.reduce((sum, p) => sum + p.loans, 0) / Math.max(1, since.length);
    const full = h.poolUtilization;
    pairs($("tiles"), [
      ["in use", c.inUse + " of " + c.max, full >= 100 ? "bad" : full >= 90 ? "warn" : "", full + " %"],
      ["idle", c.idle, "", [c.dialling && c.dialling + " being dialled", c.closing && c.closing + " closing"].filter(Boolean).join(", ")],
      ["waiting", count(c.waiting), c.waiting ? "warn" : "", c.waiting ? "the longest " + time(s.oldestWaitMs) : ""],
      ["loans a second", loans < 10 ? loans.toFixed(1) : count(Math.round(loans)), "", "p99 held " + time(s.stats.use.p99Ms)],
      ["server answers in", h.probedAt && h.status !== "unhealthy" ? time(h.latency) : "–", "", h.probedAt ? h.status === "unhealthy" && h.latency ? "last " + time(h.latency) : "" : "not asked yet"],
      ["breaker", s.stats.breaker, s.stats.breaker === "closed" ? "" : "bad", ""],
      ["leaks", s.stats.leakedNow, s.stats.leakedNow ? "warn" : "", s.leakAfterMs ? "loans over " + time(s.leakAfterMs) : "detection is off"],
      ["statement errors", count(Object.values(s.statements.errors || {}).reduce((a, b) => a + b, 0)), "", ""],
    ], true);
  }

  // Which events are marked in the graph, and with which letter.
  const MARKS = {
    resize: ["R", "resized"], autosize: ["A", "automatic sizing"], leak: ["L", "leak"], leak_over: ["✓", "leak over"], unreachable: ["U", "unreachable"],
    breaker_open: ["B", "breaker open"], connected: ["C", "connected again"], failover: ["F", "failover"], pause: ["P", "paused"],
    resume: ["▸", "resumed"], advice: ["!", "advice"], evict: ["E", "evicted"], shutdown: ["S", "shut down"],
  };

  function svg(tag, attrs, parent, s) {
    const el = document.createElementNS(SVG, tag);
    for (const k in attrs) el.setAttribute(k, attrs[k]);
    if (s !== undefined) el.textContent = s;
    parent.append(el);
    return el;
  }
  // round returns a figure that is easy to read and not below n.
  function round(n) {
    const step = 10 ** Math.floor(Math.log10(Math.max(1, n)));
    return [1, 2, 3, 4, 5, 6, 8, 10].map(f => f * step).find(v => v >= n);
  }

  function chart(s) {
    const el = $("chart"), width = Math.max(320, el.clientWidth), height = 230, left = 44, right = 12;
    el.setAttribute("viewBox", `0 0 ${width} ${height}`);
    el.replaceChildren();
    const points = history, now = points.length ? points[points.length - 1].at : Date.now();
    const first = points.length ? points[0].at : now;
    const range = Math.max(120e3, Math.min(KEPT * 1000, Math.ceil((now - first) / 60e3) * 60e3));
    text($("span"), Math.round(range / 60e3) + " minutes");
    const x = t => left + (width - left - right) * (1 - (now - t) / range);

    const strip = (top, bottom, most, draw, unit) => {
      const y = v => bottom - (bottom - top) * v / most;
      for (const v of [0, most / 2, most]) {
        if (v !== Math.round(v)) continue;
        svg("line", { class: "grid", x1: left, x2: width - right, y1: y(v), y2: y(v) }, el);
        svg("text", { x: left - 7, y: y(v) + 4, "text-anchor": "end" }, el, count(v));
      }
      svg("text", { x: left + 4, y: top - 5 }, el, unit);
      for (const [className, key, area] of draw) {
        let d = "";
        points.forEach((p, i) => {
          const gap = i > 0 && p.at - points[i - 1].at > 5000; // the program stood still
          d += (d && !gap ? "L" : "M") + x(p.at).toFixed(1) + " " + y(p[key]).toFixed(1);
        });
        if (!d) continue;
        if (area) svg("path", { class: className + " area", d: `M${x(points[0].at).toFixed(1)} ${bottom}L${d.slice(1).replaceAll("M", "L")}L${x(now).toFixed(1)} ${bottom}Z` }, el);
        svg("path", { class: className + " line", d }, el);
      }
    };
    strip(32, 128, round(Math.max(1, ...points.map(p => Math.max(p.max, p.inUse)))), [["used", "inUse", true], ["max", "max", false]], "connections");
    strip(154, 204, round(Math.max(2, ...points.map(p => p.waiting))), [["wait", "waiting", true]], "callers waiting");

    for (let back = 0; back <= range; back += range > 240e3 ? 60e3 : 30e3) {
      const label = back === 0 ? "now" : back % 60e3 ? `−${back / 1000} s` : `−${back / 60e3} min`;
      svg("text", { x: x(now - back), y: 222, "text-anchor": back === 0 ? "end" : back === range ? "start" : "middle" }, el, label);
    }
    const marks = s.events.filter(e => MARKS[e.kind] && now - Date.parse(e.at) < range);
    for (const e of marks) {
      const at = x(Math.min(now, Date.parse(e.at))), g = svg("g", { class: "mark k-" + e.kind }, el);
      svg("line", { x1: at, x2: at, y1: 16, y2: 204 }, g);
      svg("path", { d: `M${at - 8} 2h16v11l-8 6l-8 -6Z` }, g);
      svg("text", { x: at, y: 13, "text-anchor": "middle" }, g, MARKS[e.kind][0]);
      svg("title", {}, g, MARKS[e.kind][1] + ", " + clock(e.at));
    }
    const most = key => points.reduce((m, p) => Math.max(m, p[key]), 0);
    el.setAttribute("aria-label", `Over ${plural(Math.round(range / 60e3), "minute", "minutes")}: in use now ${s.stats.connections.inUse} of ${s.stats.connections.max}, ` +
      `at most ${most("inUse")}; waiting now ${s.stats.connections.waiting}, at most ${most("waiting")}; ${plural(marks.length, "mark", "marks")}.`);
    fit($("marks"), marks.slice().reverse(), () => {
      const li = make("li"), b = make("b");
      b.append(make("span"));
      li.append(b, make("time"), make("p"));
      return li;
    }, (li, e) => {
      name(li, "k-" + e.kind);
      text(li.children[0].firstChild, MARKS[e.kind][0]);
      text(li.children[1], clock(e.at));
      text(li.children[2], MARKS[e.kind][1] + ": " + brief(e.text));
    });
  }

  const DOING = { "running": "running", "rows open": "rows", "idle in transaction": "tx", "idle": "", "busy": "busy" };
  function tables(s) {
    const c = s.stats.connections;
    text($("n-loans"), c.inUse ? plural(c.inUse, "loan", "loans") + ", longest first" + (s.loans.length < c.inUse && c.inUse > 100 ? ", 100 shown" : "") : "");
    rows("loans", s.loans, [
      ["n", l => time(l.ageMs)],
      ["", (l, cell) => {
        if (!cell.firstChild) cell.append(make("span"), make("span", "place"));
        name(cell.firstChild, "badge " + (DOING[l.state] || ""));
        text(cell.firstChild, l.state || "starting");
        text(cell.lastChild, l.transaction && l.state !== "idle in transaction" ? "in a transaction" : "");
      }],
      ["", (l, cell) => statement(cell, l.digest, l.caller && "begun by " + l.caller, l.operation || "nothing yet")],
    ], (tr, l) => name(tr, s.leakAfterMs && l.ageMs > s.leakAfterMs ? "leak" : ""));

    text($("n-waiters"), c.waiting ? plural(c.waiting, "caller", "callers") + ", first in line first" + (c.waiting > 100 ? ", 100 shown" : "") : "");
    rows("waiters", s.waiters, [
      ["n", (w, cell, i) => i + 1], ["n", w => time(w.waitedMs)], ["", (w, cell) => statement(cell, w.digest, "", w.operation || "not known")],
    ]);

    text($("n-digests"), s.digests.length ? "since the pool was made or the statistics were reset" : "");
    rows("digests", s.digests, [
      ["", (d, cell) => statement(cell, d.digest, d.digest === "(other)" ? "statements that are not told apart, of class " + d.class : d.repeated ? plural(d.repeated, "scope", "scopes") + " ran it again and again" : "")],
      ["n", (d, cell) => {
        if (!cell.firstChild) { const bar = make("span", "bar"); bar.append(make("i")); bar.setAttribute("aria-hidden", "true"); cell.append(make("span"), bar); }
        const share = s.totalMs ? 100 * d.time.sumMs / s.totalMs : 0;
        text(cell.firstChild, share < 10 ? share.toFixed(1) + " %" : Math.round(share) + " %");
        cell.lastChild.firstChild.style.width = Math.min(100, share).toFixed(0) + "%";
      }],
      ["n", d => time(d.time.sumMs)], ["n", d => count(d.calls)],
      ["n", d => time(d.time.p50Ms)], ["n", d => time(d.time.p95Ms)], ["n", d => time(d.time.p99Ms)],
      ["n", d => count(d.rows)],
      ["n", (d, cell) => {
        name(cell, d.errors ? "n err" : "n");
        const codes = Object.entries(d.codes || {}).map(([code, n]) => code + " × " + n).join(", ");
        if (cell.title !== codes) cell.title = codes;
        return count(d.errors);
      }],
    ]);

    text($("n-slow"), s.slow.length ? "latest first" : "");
    rows("slow", s.slow, [
      ["nowrap", w => clock(w.at)], ["n", w => time(w.tookMs)], ["n", w => time(w.waitMs)], ["n", w => count(w.rows)], ["nowrap err", w => w.code || ""],
      ["", (w, cell) => statement(cell, w.digest, [w.caller, w.traceId && "trace " + w.traceId].filter(Boolean).join(" · "))],
    ]);

    $("s-repeated").hidden = !s.repeated.length;
    rows("repeated", s.repeated, [
      ["n", r => count(r.times)], ["n", r => count(r.scopes)], ["", (r, cell) => statement(cell, r.digest, r.traceId && "trace " + r.traceId)],
    ]);
  }

  function server(s) {
    const v = s.server, known = n => n >= 0 ? count(n) : "–";
    text($("n-server"), v && v.max >= 0 ? "asked " + time(v.ageMs) + " ago" : "");
    text($("server-note"), v ? v.error || "" : "It has not been asked yet, or the dialect does not know how.");
    if (!v) return pairs($("server"), []);
    const room = v.max - v.reserved - v.open, more = Math.max(0, s.stats.connections.max - v.mine);
    pairs($("server"), [
      ["sessions of all clients", known(v.open) + " of " + known(v.max), v.max > 0 && room <= v.max / 10 ? "warn" : ""],
      ["of these, of this pool", count(v.mine)],
      ["reserved for administrators", known(v.reserved)],
      ["running something", known(v.active)],
      ["idle in a transaction", known(v.idleInTransaction), v.idleInTransaction > 0 ? "warn" : ""],
      ["this pool may still open", count(more), v.max > 0 && more > room ? "warn" : ""],
    ]);
  }

  function totals(s) {
    const t = s.stats, tx = s.statements.transactions, list = [];
    const add = (term, value, level) => list.push([term, typeof value === "number" ? count(value) : value, value ? level : "zero"]);
    add("loans", t.use.count);
    add("callers that queued", t.wait.count);
    add("p99 of their wait", time(t.wait.p99Ms));
    add("acquire timeouts", t.acquireTimeouts, "bad");
    add("gave up waiting", t.cancelled, "warn");
    add("refused, queue full", t.queueFull, "bad");
    add("dials", t.dial.count);
    add("dials that failed", t.dialErrors, "bad");
    add("p99 of a dial", time(t.dial.p99Ms));
    add("retries", t.retries);
    add("retries over budget", t.retriesRefused, "warn");
    add("query timeouts", t.queryTimeouts, "warn");
    add("failovers", t.failovers, "warn");
    add("leaks", t.leaks, "warn");
    add("lost COMMITs", t.lostCommits, "bad");
    add("transactions committed", tx.committed);
    add("rolled back", tx.rolledBack);
    add("COMMIT refused", tx.failed, "warn");
    add("carry session state", t.stateful);
    for (const [why, n] of Object.entries(t.closed)) if (n) add("closed: " + why, n, why === "broken" ? "warn" : "");
    pairs($("totals"), list);
  }

  function pools(s) {
    const list = s.pools || [];
    $("pools").hidden = list.length < 2;
    fit($("pools"), list, () => make("a"), (a, p) => {
      const href = "?pool=" + encodeURIComponent(p.name);
      if (a.getAttribute("href") !== href) a.setAttribute("href", href);
      if (p.name === s.stats.name) a.setAttribute("aria-current", "page"); else a.removeAttribute("aria-current");
      text(a, p.name + " " + p.inUse + "/" + p.max + (p.waiting ? " +" + p.waiting : ""));
    });
  }

  // --- Settings ------------------------------------------------------------

  async function readSettings() {
    try {
      const answer = await fetch("config" + query, { headers: { Accept: "application/json" } });
      if (answer.ok) settings = (await answer.json()).pools[0].settings;
    } catch { limits = ""; return; } // asked again with the next state
    showSettings();
  }
  function showSettings() {
    const mine = settings.filter(s => $("all").checked || !s.source.startsWith("profile ") && s.source !== "default" && s.source !== s.default);
    text($("n-settings"), settings.length - mine.length ? plural(settings.length - mine.length, "setting is", "settings are") + " at the profile's default." : "");
    rows("settings", mine, [
      ["", (s, cell) => { if (!cell.firstChild) cell.append(make("code")); text(cell.firstChild, s.name); }],
      ["", (s, cell) => { if (!cell.firstChild) cell.append(make("code")); text(cell.firstChild, s.value); }],
      ["", s => s.source], ["", s => s.default], ["", s => s.doc],
    ]);
  }
  $("all").addEventListener("change", showSettings);

  // --- Actions -------------------------------------------------------------

  const SURE = {
    resize: () => `Change the limits from ${last.stats.connections.min} to ${last.stats.connections.max} into ${$("min").value} to ${$("max").value} connections?`,
    pause: () => "Pause the pool? Callers wait, within their time limits, until it is resumed.",
    resume: () => "Let the pool serve again?",
    evict: () => "Replace every connection? Idle ones are closed now, the others as they come back.",
    reset: () => "Forget what was measured of statements?",
  };
  let asked = "";
  function ask(action) {
    asked = action;
    text($("question"), SURE[action]());
    $("sure").showModal();
  }
  $("actions").addEventListener("submit", e => { e.preventDefault(); ask("resize"); });
  for (const b of document.querySelectorAll("#actions button[type=button]")) b.addEventListener("click", () => ask(b.dataset.action));
  $("no").addEventListener("click", () => $("sure").close());
  $("yes").addEventListener("click", async () => {
    $("sure").close();
    const body = { pool: last.stats.name };
    if (asked === "resize") Object.assign(body, { min: Number($("min").value), max: Number($("max").value) });
    text($("done"), "…");
    try {
      const answer = await fetch("actions/" + asked, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      const said = await answer.json();
      text($("done"), said.message || said.error);
    } catch (err) { text($("done"), "It could not be asked: " + err.message); }
  });

  // --- What comes in -------------------------------------------------------

  function show() {
    const s = last;
    if (!s || held) return;
    banner(s); advice(s); tiles(s); chart(s); tables(s); server(s); totals(s); pools(s);
    $("s-actions").hidden = !s.actions;
    const c = s.stats.connections, now = s.stats.name + " " + c.min + " " + c.max;
    if (limits !== now) {
      limits = now;
      $("min").value = c.min;
      $("max").value = c.max;
      readSettings();
    }
  }
  function linkState() {
    const late = heard && Date.now() - heard > 4000;
    const state = !heard ? "" : late ? "lost" : held ? "held" : "live";
    if (document.body.className !== state) document.body.className = state;
    text($("linktext"), !heard ? "connecting" : late ? "no news for " + Math.round((Date.now() - heard) / 1000) + " s" : held ? "held still at " + clock(last.at) : "live");
  }
  $("hold").addEventListener("click", () => {
    held = !held;
    $("hold").setAttribute("aria-pressed", held);
    linkState();
    show();
  });
  addEventListener("resize", () => { if (last && !held) chart(last); });
  setInterval(linkState, 1000);

  // A browser asks again when a stream ends, but not when it is refused, as it
  // is while a program starts anew behind a proxy.
  function listen() {
    const source = new EventSource("events" + query);
    source.addEventListener("history", e => { history = JSON.parse(e.data); });
    source.addEventListener("state", e => {
      last = JSON.parse(e.data);
      heard = Date.now();
      const p = last.point, end = history[history.length - 1];
      if (!end || p.at > end.at) history.push(p);
      if (history.length > KEPT) history.shift();
      linkState();
      show();
    });
    source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000); });
  }
  listen();
})();
