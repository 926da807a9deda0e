// What a script adds to pages that work without one: a command is copied by a button, and times can be shown in the reader's own zone.
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

function ownTimes() {
  const footer = document.querySelector("footer p");
  const times = [...document.querySelectorAll("time[datetime]")].filter((time) => !Number.isNaN(Date.parse(time.dateTime)));
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "this device";
  if (!footer || times.length === 0 || zone === "UTC") return;
  const utc = new Map(times.map((time) => [time, time.textContent]));
  const own = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  button.textContent = `Show times in ${zone}`;
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    for (const time of times) {
      time.textContent = on ? `${own.format(new Date(time.dateTime))} (yours)` : utc.get(time);
    }
  });
  footer.append(" ", button);
}

copyButtons();
ownTimes();
