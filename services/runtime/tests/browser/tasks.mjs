// Three tasks of staff in Chromium, from the first page on: by clicks alone, and by the keyboard alone, each in at most four. Prints what is wrong as one JSON array; where it
// is goes to the other output, for when it takes too long.
import { join } from "node:path";
import { chromium } from "playwright-core";

const { CONSOLE, CHROMIUM, SHOTS, GIFT, SENDER, PAYOUT, SINCE } = process.env;
// Clicks, and keys that activate a link or send a form.
const ACTS_MAX = 4;
// Stops of the keyboard to what is wanted.
const STOPS_MAX = 120;
const REASON = "ticket 4711: asked by the user";
const WAIT = { timeout: 60000 };
const found = [];
const at = (text) => process.stderr.write(`${new Date().toISOString()} ${text}\n`);

// Whether what has the focus is this.
const isFocused = (page, selector) => page.evaluate((selector) => document.activeElement !== null && document.activeElement.matches(selector), selector);

// Acts, and waits for the page that comes of it.
async function leave(page, act) {
  await Promise.all([page.waitForNavigation(WAIT), act()]);
}

// A person with a mouse, who clicks into a field unless it has the focus.
function mouse(page) {
  const hand = { name: "clicks", acts: 0 };
  hand.open = async (selector) => {
    hand.acts += 1;
    await leave(page, () => page.click(selector, WAIT));
  };
  hand.send = async (field, text, button) => {
    if (!(await isFocused(page, field))) {
      hand.acts += 1;
      await page.click(field, WAIT);
    }
    await page.keyboard.insertText(text);
    await hand.open(button);
  };
  return hand;
}

// A person without one: from stop to stop with Tab, and Enter.
function keyboard(page) {
  const hand = { name: "keys", acts: 0 };
  const reach = async (selector) => {
    for (let stop = 0; stop < STOPS_MAX; stop += 1) {
      if (await isFocused(page, selector)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`${selector} can't be reached in ${STOPS_MAX} stops of ${page.url()}`);
  };
  hand.open = async (selector) => {
    await reach(selector);
    hand.acts += 1;
    await leave(page, () => page.keyboard.press("Enter"));
  };
  hand.send = async (field, text) => {
    await reach(field);
    await page.keyboard.insertText(text);
    hand.acts += 1;
    await leave(page, () => page.keyboard.press("Enter"));
  };
  return hand;
}

const says = async (page, part) => (await page.textContent("main", WAIT)).includes(part);
// The day of a moment in UTC, or one so many days before.
const day = (moment, ago = 0) => new Date(moment - ago * 24 * 3600 * 1000).toISOString().slice(0, 10);
// The lines of the log that a page shows.
const lines = async (page) => ((await page.$("main table")) === null ? "" : page.textContent("main table", WAIT));

const TASKS = {
  "why was this gift refused": async (page, hand) => {
    await hand.send("#find-anything", GIFT, ".find button");
    await hand.send("#reason", REASON, "main form button");
    await hand.send("#user", SENDER, "main form button");
    return (await says(page, "refused: INSUFFICIENT_FUNDS")) && (await says(page, "nothing moved"));
  },
  "where is this creator's payout": async (page, hand) => {
    await hand.open('nav[aria-label="Pages"] a[href^="/payouts"]');
    await hand.send("#reason", REASON, "main form button");
    await hand.open(`main a[href*="${PAYOUT}"]`);
    return (await says(page, "Paid, for good.")) && (await says(page, "5.00 USD"));
  },
  "who changed what yesterday": async (page, hand) => {
    await hand.open('nav[aria-label="Pages"] a[href^="/acts"]');
    // A day may end while this runs: the page was made between these two moments, and its links say on which day.
    const sent = Date.now();
    await hand.send("#reason", REASON, "main form button");
    const yesterday = (moment) => `main .related a[href*="from=${day(moment, 1)}"][href*="until=${day(moment)}"]`;
    const made = (await page.$(yesterday(sent))) === null ? Date.now() : sent;
    const [today, before] = [day(made), day(made, 1)];
    await hand.open(yesterday(made));
    const isOfYesterday = (await page.inputValue("#from")) === before && (await page.inputValue("#until")) === today;
    // Nothing is as old as yesterday here, unless it was done before such an end of a day; the day that is shows who and what.
    const isCrossed = day(Number(SINCE)) !== today;
    const nothing = await says(page, "No line of the log matches");
    const older = await lines(page);
    await hand.open(`main .related a[href*="from=${today}"]`);
    const log = `${isCrossed ? older : ""}${await lines(page)}`;
    return isOfYesterday && (nothing || isCrossed) && log.includes("gus") && log.includes("Approve") && !log.includes("ListActs");
  },
};

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
try {
  for (const [number, [task, work]] of Object.entries(TASKS).entries()) {
    for (const by of [mouse, keyboard]) {
      const context = await browser.newContext({ reducedMotion: "reduce", viewport: { width: 1440, height: 900 } });
      const page = await context.newPage();
      await page.goto(`${CONSOLE}/`, WAIT);
      await page.click("main a.primary", WAIT);
      await leave(page, () => page.click("#ann", WAIT));
      if (page.url() !== `${CONSOLE}/`) found.push(`signing in ends at ${page.url()}`);
      const hand = by(page);
      at(`${task}, by ${hand.name}`);
      try {
        const done = await work(page, hand);
        if (!done) found.push(`${task}, by ${hand.name}: the answer is not on ${page.url()}`);
      } catch (error) {
        found.push(`${task}, by ${hand.name}, after ${hand.acts} at ${page.url()}: ${error.message}`);
      }
      at(`${hand.acts} ${hand.name}`);
      if (hand.acts > ACTS_MAX) found.push(`${task}: ${hand.acts} ${hand.name}, more than ${ACTS_MAX}`);
      await page.screenshot({ path: join(SHOTS, `task-${number + 1}-${hand.name}.png`) });
      await context.close();
    }
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
