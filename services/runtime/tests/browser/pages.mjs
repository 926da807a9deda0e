// Opens every page of a console in Chromium at three widths, signed in by clicks, and prints what is wrong with any of them as one JSON array.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { CONSOLE, CHROMIUM, SHOTS, PAGES, DECIDE } = process.env;
const WIDTHS = [1440, 768, 390];
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const found = [];
const begun = performance.now();

// Signs in by clicks alone: the link of the page, and the person at the pretend login.
async function signIn(page, person) {
  await page.goto(`${CONSOLE}/`);
  await page.click("main a.primary");
  await page.click(`#${person}`);
  await page.waitForURL(`${CONSOLE}/`);
}

// Notes whatever a browser complains of.
async function watched(context) {
  const page = await context.newPage();
  const at = () => new URL(page.url()).pathname;
  page.on("console", (message) => {
    // A page that says why it shows nothing has such a status; the browser reports every one.
    const ofStatus = message.text().includes("the server responded with a status of 4");
    if (["error", "warning"].includes(message.type()) && !ofStatus) found.push(`${at()}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => found.push(`${at()}: script: ${error.message}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== "data:" && origin !== CONSOLE && !request.isNavigationRequest()) found.push(`${at()}: loads ${request.url()}`);
  });
  return page;
}

// Opens a page once, and looks at it at every width.
async function check(page, path, colours) {
  await page.setViewportSize({ width: WIDTHS[0], height: 900 });
  await page.goto(`${CONSOLE}${path}`);
  await look(page, path, colours);
}

// Looks at the page that is open at every width.
async function look(page, path, colours) {
  const widths = colours === "light" ? WIDTHS : [WIDTHS[0]];
  // Something is posted all the time, and the page shows it as it comes.
  if (path.startsWith("/payments") && !path.includes("kind=house")) await page.waitForSelector("#live > .scroll tbody tr", { timeout: 60000 });
  await page.evaluate(axe);
  for (const width of widths) {
    const name = `${path} at ${width}, ${colours}`;
    await page.setViewportSize({ width, height: 900 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) found.push(`${name}: ${overflow} pixels wider than the window`);
    // A table that scrolls sideways on a phone hides its numbers.
    const cut = await page.evaluate(() => [...document.querySelectorAll(".scroll")].filter((part) => part.scrollWidth > part.clientWidth).length);
    if (cut > 0 && width < 500) found.push(`${name}: ${cut} tables are cut`);
    // Between the widest and the narrowest window the rules find nothing else, and of the colours only the contrast depends on whether it is dark.
    if (width === WIDTHS[1]) continue;
    const runOnly = colours === "light" ? { type: "tag", values: RULES } : { type: "rule", values: ["color-contrast"] };
    const result = await page.evaluate((runOnly) => window.axe.run(document, { runOnly, resultTypes: ["violations"] }), runOnly);
    for (const violation of result.violations) {
      found.push(`${name}: ${violation.id}: ${violation.help}: ${violation.nodes.map((node) => node.target.join(" ")).join(", ")}`);
    }
    const file = `${path === "/" ? "today" : path.slice(1).replaceAll(/[^a-z0-9]+/gi, "-")}-${width}-${colours}.png`;
    await page.screenshot({ path: join(SHOTS, file), fullPage: true });
  }
  for (const violation of await page.evaluate(() => window.violations)) found.push(`${path}, ${colours}: policy: ${violation}`);
  // Where it stands, for whoever waits, and how soon the page was seen, which only a quiet machine can judge.
  const painted = await page.evaluate(() => performance.getEntriesByName("first-paint")[0]?.startTime);
  console.error(`${((performance.now() - begun) / 1000).toFixed(1)} s: ${path}, ${colours}: first paint after ${painted?.toFixed(0)} ms`);
}

// The live view by clicks: it pauses, resumes with what happened since, and says when the session has ended.
async function live(context, page) {
  await page.goto(`${CONSOLE}/payments`);
  const state = async (word) => {
    await page.waitForFunction((word) => document.querySelector("#live-state").textContent === word, word, { timeout: 60000 });
  };
  const events = () => page.$$eval("#live > .scroll tbody th small", (all) => all.map((part) => Number(part.textContent.replace(/[^0-9]/g, ""))));
  await page.waitForSelector("#live > .scroll tbody tr", { timeout: 60000 });
  await state("live");
  await page.waitForFunction(() => /^[0-9.]+ s behind$/.test(document.querySelector("#live-behind").textContent), undefined, { timeout: 60000 });
  await page.click("#live > button");
  await state("paused");
  const before = (await events()).length;
  await page.click("#live > button");
  await state("live");
  await page.waitForFunction((before) => document.querySelectorAll("#live > .scroll tbody th small").length > before + 1, before, { timeout: 60000 });
  const numbers = await events();
  if (new Set(numbers).size !== numbers.length) found.push(`the live view shows a posting twice: ${numbers}`);
  if (numbers.some((number, at) => at > 0 && number > numbers[at - 1])) found.push(`the live view is not in order: ${numbers}`);
  // Signing out in another tab ends it, and it says so.
  const other = await context.newPage();
  await other.goto(`${CONSOLE}/`);
  await other.click("text=Sign out >> nth=0");
  await other.close();
  await state("not live");
  const status = await page.textContent("#live-status");
  if (!status.includes("session has ended")) found.push(`after signing out the live view says ${status}`);
  await page.screenshot({ path: join(SHOTS, "payments-ended.png") });
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
try {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ colorScheme, reducedMotion: "reduce" });
    await context.addInitScript(() => {
      window.violations = [];
      document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
    const page = await watched(context);
    await check(page, "/console/login", colorScheme);
    await signIn(page, "ann");
    // The first stop of the keyboard leads past everything that is on every page.
    await page.keyboard.press("Tab");
    if ((await page.evaluate(() => document.activeElement.getAttribute("href"))) !== "#content") found.push("/: the first stop of Tab is no skip link");
    // Asked why, by the page that needs it.
    await page.goto(`${CONSOLE}/acts`);
    await page.fill("#reason", "ticket 4711: looking at every page");
    await page.click("main button");
    await page.waitForURL(`${CONSOLE}/acts`);
    for (const path of JSON.parse(PAGES)) await check(page, path, colorScheme);
    // One part of an account in clear, by the form; no address shows it.
    await page.goto(`${CONSOLE}/creator?book=demo&id=ana`);
    await page.click("text=Show in clear >> nth=0");
    await page.click("form[action='/reveal'] button >> nth=0");
    await page.waitForURL(`${CONSOLE}/reveal`);
    if (!(await page.textContent("h1")).includes("in clear")) found.push("showing in clear does not end on its page");
    await look(page, "/reveal", colorScheme);
    await page.setViewportSize({ width: WIDTHS[0], height: 900 });
    if (colorScheme === "dark") {
      await live(context, page);
      await signIn(page, "ann");
    }
    // A decision by the form, which the policy lets through; after it the back button offers none.
    await page.goto(`${CONSOLE}${DECIDE}`);
    if (colorScheme === "light") {
      await page.fill("#decision-reason", "checked with Sam on the phone");
      await page.click("button[value=approve]");
      await page.waitForLoadState();
      await page.screenshot({ path: join(SHOTS, "proposal-decided-light.png"), fullPage: true });
      if (!(await page.textContent("main")).includes("ann approved it, and it is done.")) found.push("approving does not end in what was approved");
      await page.goBack();
    }
    if ((await page.locator("button[value=approve]").count()) !== 0) found.push("what is decided can be approved again");
    await page.click("text=Sign out >> nth=0");
    if (!(await page.textContent("h1")).includes("signed out")) found.push("signing out does not end on its page");
    await page.goBack();
    if (!page.url().includes("/console/login")) found.push(`the back button after signing out shows ${page.url()}`);
    await context.close();
  }
  // Without a script everything is there.
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const page = await watched(plain);
  await signIn(page, "fay");
  for (const path of ["/", "/find", "/user", "/payments", "/books", "/trial-balance", "/proposals"]) {
    await page.goto(`${CONSOLE}${path}`);
    if ((await page.locator("main h1").count()) !== 1) found.push(`${path}: empty without a script`);
  }
  // The reader's zone is kept by the server.
  await page.fill("#zone", "Asia/Tokyo");
  await page.click("text=Show times in it");
  if (!(await page.textContent("footer")).includes("Times are in Asia/Tokyo")) found.push("the zone is not kept without a script");
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
