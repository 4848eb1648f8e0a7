// Shows the running command from the server's events; sends load changes, stop and start.
const runs = new Runs();
const charts = new Charts(byId("charts"));
let known = { running: false, trials: [], log: [] };
let adjustable = { kind: "nothing", why: "" };
let catalogue = null;
let gone = false;
const show = (id, yes) => { byId(id).hidden = !yes; };
const time = (at) => new Date(at).toLocaleTimeString("en-GB");

const send = async (path, body) => {
  show("problem", false);
  try {
    const answer = await fetch(path, {
      method: "POST", body: JSON.stringify(body),
      headers: { "content-type": "application/json", "x-loadgen-token": document.querySelector("meta[name=token]").content },
    });
    if (answer.ok) return;
    byId("problem").textContent = (await answer.json()).error ?? answer.statusText;
  } catch {
    byId("problem").textContent = "The server did not answer.";
  }
  show("problem", true);
};

const head = () => {
  const { begun, running, ended, failure } = known;
  const state = byId("state");
  const [word, kind] = running ? [known.stopping ? "stopping" : "running", ""] : ended ? [label(ended.verdict.word), tone(ended.verdict.word)] : failure ? ["failed", "bad"] : begun ? ["ended", ""] : ["idle", ""];
  // Only a change is read out.
  if (state.textContent !== word) state.textContent = word;
  state.className = `pill ${kind}`;
  byId("kind").textContent = begun ? `loadgen ${begun.command}` : running ? "starting" : "";
  byId("name").textContent = begun ? begun.name : running ? "Starting" : "loadgen";
  byId("question").textContent = begun ? begun.question : running ? "" : "No command is running.";
  byId("load").textContent = begun ? begun.load : "";
  document.title = begun ? `${begun.name}: ${word}` : "loadgen";
  show("controls", running);
  show("running", running || Boolean(known.now));
  for (const id of ["progress", "now"]) show(id, running);
  show("figures", Boolean(known.now));
  show("notes", known.trials.length > 0 || known.log.length > 0);
  show("trials-part", known.trials.length > 0);
  show("starter", catalogue !== null && !running);
  byId("stop").disabled = Boolean(known.stopping);
};

const outcome = () => {
  const { ended, failure, running, begun } = known;
  show("outcome", !running && Boolean(ended || failure || begun));
  if (running) return;
  const card = document.querySelector(".verdict"), report = byId("report");
  report.replaceChildren();
  byId("confidence").textContent = ended ? ended.confidence : "";
  show("confidence", Boolean(ended));
  if (ended) {
    card.className = `card verdict is-${tone(ended.verdict.word)}`;
    byId("word").textContent = label(ended.verdict.word);
    byId("reasons").replaceChildren(...[ended.verdict.headline, ...ended.verdict.reasons].filter(Boolean).map((reason) => element("li", reason)));
    if (gone) report.textContent = `The page has ended with its command. The report is runs/${ended.folder}/report.html in the results folder; loadgen serve shows it.`;
    else {
      const link = element("a", "The report");
      link.href = `/runs/${encodeURIComponent(ended.folder)}/report.html`;
      report.append(link);
    }
  } else {
    card.className = `card verdict is-${failure ? "bad" : "plain"}`;
    byId("word").textContent = failure ? "It came to no verdict" : "The command has ended";
    byId("reasons").replaceChildren(...(failure ? [element("li", failure)] : []));
    if (!failure) report.textContent = "What it came to is among the past runs.";
  }
};

const stage = () => {
  const now = known.stage;
  if (!now || !known.running) { byId("stage").textContent = ""; return; }
  const spent = Math.max(0, (Date.now() - now.at) / 1000);
  byId("stage").textContent = `${now.what}, for ${lasted(spent)}${now.expected_s ? ` of about ${lasted(now.expected_s)}` : ""}`;
  if (!known.now) byId("where").textContent = "Starting";
  left();
};

// What is left goes down between ticks as well; where nothing is known, nothing is said.
const left = () => {
  const t = known.now?.tick;
  if (!t || !known.running || !(t.total_s > 0)) { byId("left").textContent = ""; return; }
  const rest = t.total_s - t.elapsed_s - Math.max(0, Date.now() - known.now.at) / 1000;
  byId("left").textContent = rest >= 1 ? `${t.total_known ? "" : "at least "}${lasted(rest)} left` : "";
};

const loadControl = () => {
  const kind = adjustable.kind, input = byId("new-load");
  show("steer", kind !== "nothing");
  byId("fixed").textContent = kind === "nothing" ? `The load cannot be changed: ${adjustable.why}.` : "";
  if (kind === "nothing") { delete input.dataset.typed; return; }
  byId("new-load-label").textContent = kind === "rate" ? "Rate a second" : "Users";
  input.min = kind === "rate" ? 0.1 : 1;
  input.max = adjustable.most;
  input.step = kind === "rate" ? "any" : 1;
  // What was typed stays until it is sent: ticks come between typing and the press of the button.
  if (document.activeElement !== input && !input.dataset.typed) input.value = +Number(adjustable.now).toFixed(2);
};

const operations = (all) => {
  byId("operations").replaceChildren(...all.map((one) => {
    const row = element("tr"), head = element("th", one.name);
    head.scope = "row";
    row.append(head, element("td", one.count.toLocaleString("en-GB"), "r"), element("td", one.failed.toLocaleString("en-GB"), one.failed ? "r bad" : "r"),
      ...[one.per_s, one.p50_ms, one.p95_ms, one.p99_ms].map((value) => element("td", figure(value), "r")));
    return row;
  }));
};

const details = (t) => {
  operations(t.operations);
  drawHistogram(byId("histogram"), t.histogram);
};

const tick = (now) => {
  known.now = now;
  const t = now.tick;
  const texts = { offered: figure(t.offered), achieved: figure(t.achieved), flight: t.in_flight.toLocaleString("en-GB"), p50: figure(t.p50_ms), p95: figure(t.p95_ms), p99: figure(t.p99_ms), failed: t.failed.toLocaleString("en-GB") };
  for (const [id, text] of Object.entries(texts)) byId(`t-${id}`).textContent = text;
  const share = t.completed ? t.failed / t.completed * 100 : 0;
  byId("t-share").textContent = t.failed ? `${share < 0.1 ? "under 0.1" : share.toFixed(1)} % of the trial` : "of the trial";
  byId("tile-failed").classList.toggle("bad", t.failed > 0);
  const block = t.blocks ? `block ${t.block} of ${t.blocks}, ` : "";
  byId("where").textContent = `${block}${t.arm === "run" ? "" : `${t.arm}: `}${t.phase}${t.second >= 0 ? `, second ${Math.floor(t.second)}` : ""}`;
  byId("bar").value = t.total_s > 0 ? Math.min(1, t.elapsed_s / t.total_s) : 0;
  left();
  byId("thresholds").replaceChildren(...t.thresholds.map((one) => {
    const item = element("li"), word = one.figure === null ? "not known yet" : one.broken ? "broken so far" : "kept so far";
    item.append(element("span", word, `pill ${one.figure === null ? "" : one.broken ? "bad" : "good"}`), ` ${one.text} `, element("b", one.figure ?? ""));
    return item;
  }));
  show("thresholds", t.thresholds.length > 0);
  byId("doubts").replaceChildren(...t.doubts.map((doubt) => element("li", doubt)));
  show("doubts", t.doubts.length > 0);
  adjustable = now.adjustable;
  loadControl();
  const added = charts.add(now.at, t);
  // What nobody sees is drawn when it is seen again: see the end of this file.
  if (document.hidden) return;
  details(t);
  if (added) charts.draw();
};

// As many as the server keeps: what is older leaves both.
const KEPT = 200;
const trim = (list) => { while (list.childElementCount > KEPT) list.lastElementChild.remove(); };
const keep = (all, one) => {
  all.push(one);
  if (all.length > KEPT) all.shift();
};

const trial = (one) => {
  const row = element("tr"), head = element("th", one.folder);
  head.scope = "row";
  const word = element("td");
  word.append(element("span", one.validity, `pill ${one.validity === "VALID" ? "good" : one.validity === "INVALID" ? "bad" : "warn"}`));
  row.append(head, word, ...[figure(one.rate_per_s), percentile(one.p50_ms), percentile(one.p97_5_ms)].map((text) => element("td", text, "r")), element("td", one.failed.toLocaleString("en-GB"), one.failed ? "r bad" : "r"));
  if (one.violations) word.append(` ${one.violations} violations`);
  byId("trials").prepend(row);
  trim(byId("trials"));
};

const line = (one) => {
  if (one.kind === "load" || one.kind === "fault") charts.mark(one.at, one.text);
  const item = element("li", undefined, one.kind === "warning" ? "warn" : one.kind), at = element("time", time(one.at));
  item.append(at, element("span", one.kind === "warning" ? `warning: ${one.text}` : one.text));
  byId("log").prepend(item);
  trim(byId("log"));
};

// Everything again: after connecting, at the begin and at the end of a command.
const whole = (state) => {
  const ran = known.running;
  known = state;
  adjustable = state.adjustable;
  charts.clear();
  byId("trials").replaceChildren();
  byId("log").replaceChildren();
  state.trials.forEach(trial);
  state.log.forEach(line);
  head();
  for (const point of state.history) charts.add(point.at, point.tick);
  if (state.now) tick(state.now);
  charts.draw();
  adjustable = state.adjustable;
  loadControl();
  stage();
  outcome();
  if (ran && !state.running) runs.load();
};

const listen = () => {
  const events = new EventSource("/events");
  const on = (name, then) => events.addEventListener(name, (event) => then(JSON.parse(event.data)));
  on("state", (state) => {
    // A run may have begun and ended while the connection was lost.
    if (gone) {
      runs.load();
      if (!catalogue) offer();
    }
    gone = false;
    show("lost", false);
    whole(state);
  });
  on("begun", (begun) => { known.begun = begun; head(); });
  on("stage", (now) => { known.stage = now; stage(); });
  on("tick", (now) => { const first = !known.now; known.now = now; if (first) head(); tick(now); });
  on("trial", (one) => { keep(known.trials, one); head(); trial(one); });
  on("log", (one) => { keep(known.log, one); head(); line(one); });
  on("adjustable", (now) => { adjustable = now; loadControl(); });
  on("ended", (ended) => { known.ended = ended; });
  events.onerror = () => {
    if (!gone) {
      gone = true;
      const word = byId("state");
      if (known.ended && !known.running) outcome();
      else { byId("lost").textContent = "The connection is lost; trying again."; show("lost", true); word.textContent = "lost"; }
    }
    // A refusal ends the browser's own attempts.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  };
};

const offer = async () => {
  try {
    const answer = await fetch("/api/catalogue");
    if (!answer.ok) return;
    catalogue = await answer.json();
  } catch { return; }
  if (!catalogue) return;
  const group = (label, kind, offers) => {
    const one = element("optgroup");
    one.label = label;
    one.append(...offers.map((o) => { const option = new Option(o.name, `${kind} ${o.name}`); option.dataset.question = o.question; return option; }));
    return one;
  };
  const what = byId("what");
  what.replaceChildren(group("Suites", "suite", catalogue.suites), group("Experiments", "experiment", catalogue.experiments));
  byId("all-switches").textContent = catalogue.switches.map((one) => `${one.path}=${one.value}`).join("  ");
  const chosen = () => {
    byId("what-question").textContent = what.selectedOptions[0]?.dataset.question ?? "";
    const suite = what.value.startsWith("suite ");
    byId("quick").disabled = suite;
    if (suite) byId("quick").checked = false;
  };
  what.addEventListener("change", chosen);
  chosen();
  head();
};

// One a line, or with commas between: those inside of parentheses belong to a value, as in argon2id(19456,2,1).
const separate = (text) => text.split(/\n|,(?![^(\n]*\))/).map((one) => one.trim()).filter(Boolean);
let starting = false;
byId("start").addEventListener("submit", async (event) => {
  event.preventDefault();
  // A second press before the answer would be refused, as if the first had been.
  if (starting) return;
  const [kind, name] = byId("what").value.split(" ");
  const text = (id) => byId(id).value.trim(), lines = (id) => separate(text(id));
  const rate = text("start-rate"), request = { [kind]: name, quick: byId("quick").checked, switches: lines("start-switches"), thresholds: lines("start-thresholds") };
  if (rate) request.rate = rate.includes("/") ? rate : `${rate}/s`;
  if (text("start-duration")) request.duration = text("start-duration");
  starting = true;
  await send("/api/start", request);
  starting = false;
});
byId("new-load").addEventListener("input", () => { byId("new-load").dataset.typed = "yes"; });
byId("steer").addEventListener("submit", (event) => {
  event.preventDefault();
  const value = Number(byId("new-load").value);
  delete byId("new-load").dataset.typed;
  byId("new-load").blur();
  send("/api/load", adjustable.kind === "rate" ? { rate: value } : { users: Math.round(value) });
});
byId("stop").addEventListener("click", () => { byId("sure").returnValue = ""; byId("sure").showModal(); });
byId("sure").addEventListener("close", () => { if (byId("sure").returnValue === "yes") send("/api/stop", {}); });
followWidth(byId("histogram"));
setInterval(stage, 1000);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  // Perhaps no tick follows: the run may have ended meanwhile.
  if (known.now) details(known.now.tick);
  charts.draw();
  runs.load();
});
runs.load();
offer();
listen();
