// What a script adds to pages that work without one: a command is copied by a button, the reader's own time zone is one click away, and payments are shown as they
// happen.
"use strict";

function copyButtons() {
  if (!navigator.clipboard) return;
  for (const command of document.querySelectorAll("pre")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command.textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not copied: the browser does not allow it";
      }
    });
    command.after(button);
  }
}

// The zone of this device in one click; the choice is the server's to keep.
function ownZone() {
  const field = document.querySelector(".zone input[name=zone]");
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!field || !own) return;
  const other = field.value === "UTC" ? own : "UTC";
  if (other === field.value) return;
  const button = document.createElement("button");
  button.textContent = other === "UTC" ? "Show UTC" : `Show mine, ${own}`;
  button.addEventListener("click", () => {
    field.value = other;
  });
  field.form.append(button);
}

// Payments as they happen. Everything is shown as text; what is linked was made by the server.
const ROWS_MAX = 200;
const SECONDS_MAX = 5;
// Longer than two heartbeats.
const SILENCE_MS = 35000;
const SUMMARY_MS = 15000;

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function timeElement(time) {
  return element("time", time.text, { datetime: time.exact, title: time.exact });
}

// A whole number of the smallest unit, with its point and in groups of three.
function amountText(number, digits, unit) {
  const all = number.toString().padStart(digits + 1, "0");
  const whole = all.slice(0, all.length - digits).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${whole}${digits > 0 ? "." + all.slice(-digits) : ""} ${unit}`;
}

function tableOf(caption, columns, numbers) {
  const region = element("div", undefined, { class: "scroll", tabindex: "0", role: "region", "aria-label": caption });
  const table = element("table", undefined, { class: "stack" });
  const head = element("tr");
  columns.forEach((column, at) => head.append(element("th", column, { scope: "col", class: numbers.includes(at) ? "number" : "" })));
  table.append(element("thead"), element("tbody"));
  table.tHead.append(head);
  region.append(table);
  return [region, table.tBodies[0]];
}

class LivePayments {
  constructor(section) {
    this.stream = section.dataset.stream;
    this.state = section.querySelector("#live-state");
    this.behind = section.querySelector("#live-behind");
    this.status = section.querySelector("#live-status");
    this.cursor = "";
    this.seconds = new Map();
    this.shown = 0;
    this.leftOut = 0;
    this.sinceSummary = 0;
    this.heard = new Date();
    this.button = element("button", "Pause", { type: "button" });
    this.button.addEventListener("click", () => (this.source ? this.pause() : this.resume()));
    this.count = element("p", "No payment has come yet.", { class: "detail" });
    const [ticks, tickRows] = tableOf("The last seconds", ["Second", "Postings", "Moved", "Held"], [1, 2, 3]);
    const [rows, rowRows] = tableOf("Postings as they happen, newest first", ["Committed", "Kind", "From", "To", "Amount"], [4]);
    [this.tickRows, this.rowRows] = [tickRows, rowRows];
    const details = element("details");
    details.append(element("summary", "Second by second, exactly"), ticks);
    details.open = true;
    section.prepend(this.button);
    section.append(this.count, details, rows);
    setInterval(() => this.watchSilence(), 1000);
    setInterval(() => this.summarise(), SUMMARY_MS);
    addEventListener("pagehide", () => this.source?.close());
    this.open();
  }

  say(word, good, text) {
    this.state.textContent = word;
    this.state.className = good ? "state good" : "state unknown";
    if (text !== undefined) this.status.textContent = text;
  }

  open(fresh) {
    const address = new URL(this.stream, location.href);
    if (fresh) address.searchParams.delete("after");
    else if (this.cursor) address.searchParams.set("after", this.cursor);
    this.heard = new Date();
    this.source = new EventSource(address);
    this.source.addEventListener("open", () => this.live(""));
    this.source.addEventListener("payments", (event) => this.news(event));
    this.source.addEventListener("end", (event) => this.end(JSON.parse(event.data)));
    this.source.addEventListener("error", () => this.lost());
    this.button.textContent = "Pause";
  }

  live(text) {
    this.heard = new Date();
    if (this.state.textContent !== "live") this.say("live", true, text);
  }

  pause() {
    this.source.close();
    this.source = undefined;
    this.button.textContent = "Resume";
    this.behind.textContent = "";
    this.say("paused", false, "Paused. When you resume, what has happened since is shown first.");
  }

  resume() {
    this.open(false);
  }

  // Of a stream that breaks off the browser has the last id, and comes back with it by itself.
  lost() {
    if (!this.source) return;
    this.notLive(this.why ?? "The connection was lost; connecting again.");
    if (this.source.readyState === EventSource.CLOSED) {
      this.stop(this.why ?? "The console does not answer. Reload the page.");
    }
  }

  stop(why) {
    this.source?.close();
    this.source = undefined;
    this.button.textContent = "Resume";
    this.notLive(why);
  }

  notLive(why) {
    // In the zone of the page's other times.
    const timeZone = document.querySelector(".zone input")?.value ?? "UTC";
    this.behind.textContent = `since ${this.heard.toLocaleTimeString("sv-SE", { timeZone })}`;
    this.say("not live", false, why);
  }

  end({ then, why }) {
    this.why = why || undefined;
    if (then === "stop") this.stop(why);
    if (then === "restart") {
      this.source.close();
      this.cursor = "";
      this.open(true);
      this.status.textContent = why;
    }
    if (then === "resume" && why) this.notLive(why);
  }

  news(event) {
    this.cursor = event.lastEventId;
    this.why = undefined;
    const news = JSON.parse(event.data);
    if (news.lost) {
      this.heard = new Date();
      this.behind.textContent = `since ${news.lost.text}`;
      this.say("not live", false, "The ledger does not answer. What is committed meanwhile follows when it does.");
    } else {
      this.live("");
      if (news.behind_ms !== null) this.behind.textContent = `${(news.behind_ms / 1000).toFixed(1)} s behind`;
      else if (this.behind.textContent.startsWith("since")) this.behind.textContent = "";
    }
    news.ticks.forEach((tick) => this.tick(tick));
    news.rows.forEach((row) => this.row(row));
    this.shown += news.rows.length;
    this.leftOut += news.left_out;
    if (this.shown + this.leftOut > 0) {
      this.count.textContent = `${this.shown} shown, ${this.leftOut} more counted and not shown. The newest ${ROWS_MAX} stay on the page.`;
    }
  }

  // Parts of the same second are added up.
  tick(tick) {
    const known = this.seconds.get(tick.time.exact) ?? { time: tick.time, postings: 0, sums: new Map() };
    known.postings += tick.postings;
    this.sinceSummary += tick.postings;
    for (const sum of tick.sums) {
      const before = known.sums.get(sum.unit) ?? { digits: sum.digits, moved: 0n, held: 0n };
      known.sums.set(sum.unit, { ...before, moved: before.moved + BigInt(sum.moved), held: before.held + BigInt(sum.held) });
    }
    this.seconds.set(tick.time.exact, known);
    while (this.seconds.size > SECONDS_MAX) this.seconds.delete(this.seconds.keys().next().value);
    const rows = [...this.seconds.values()].reverse().map((second) => {
      const sums = [...second.sums].sort(([one], [other]) => (one < other ? -1 : 1));
      const of = (name) => sums.filter(([, sum]) => sum[name] > 0n).map(([unit, sum]) => amountText(sum[name], sum.digits, unit)).join(", ");
      const row = element("tr");
      const time = element("th", undefined, { scope: "row", class: "nowrap" });
      time.append(timeElement(second.time));
      const cells = [["Postings", String(second.postings)], ["Moved", of("moved")], ["Held", of("held")]];
      row.append(time, ...cells.map(([label, text]) => element("td", text, { class: "number", "data-label": label })));
      return row;
    });
    this.tickRows.replaceChildren(...rows);
  }

  row(found) {
    const row = element("tr");
    const time = element("td", undefined, { class: "nowrap", "data-label": "Committed" });
    time.append(timeElement(found.time));
    const kind = element("th", undefined, { scope: "row" });
    kind.append(element("a", found.kind, { href: found.href }), " ", element("small", `event ${found.seq}`));
    const linked = (label, name) => {
      const cell = element("td", undefined, { "data-label": label });
      for (const transfer of found.transfers) {
        const line = element("span", undefined, { class: "part" });
        line.append(element("a", transfer[name], { href: transfer[`${name}_href`] }));
        cell.append(line);
      }
      return cell;
    };
    const amount = element("td", undefined, { class: "number strong", "data-label": "Amount" });
    for (const transfer of found.transfers) {
      amount.append(element("span", transfer.state ? `${transfer.amount} ${transfer.state}` : transfer.amount, { class: "part" }));
    }
    if (found.more > 0) amount.append(element("span", `${found.more} more`, { class: "detail" }));
    row.append(time, kind, linked("From", "from"), linked("To", "to"), amount);
    this.rowRows.prepend(row);
    while (this.rowRows.rows.length > ROWS_MAX) this.rowRows.lastElementChild.remove();
  }

  watchSilence() {
    if (this.source && this.state.textContent === "live" && Date.now() - this.heard > SILENCE_MS) {
      this.notLive("Nothing was heard of the console; waiting.");
    }
  }

  summarise() {
    if (this.source && this.sinceSummary > 0) this.status.textContent = `${this.sinceSummary} postings in the last 15 seconds.`;
    this.sinceSummary = 0;
  }
}

copyButtons();
ownZone();
const liveSection = document.querySelector("#live[data-stream]");
if (liveSection) new LivePayments(liveSection);
