// The scanner page: log in → scan → basket → settle, return, and what waits for the network.
import { Basket } from "./basket.js";
import { Camera } from "./camera.js";
import { forget, keep, replay, waiting } from "./queue.js";
import { act, ask, knowDocuments, LoggedOut, logIn, logOut, Offline, Refused } from "./till.js";
import { listenToWedge } from "./wedge.js";
import { homeMoney, language, loadWords, moneyText, numberText, readDecimal, say, speak, timeText, units } from "./words.js";

const $ = (id) => document.getElementById(id);
const SCREENS = ["login", "scan", "sale", "return", "queue"];
let screen = null, basket = null, quoted = null, quoting = 0, receipt = null, online = true;
let scanned = { secondFacts: [] };

function make(tag, text = "", more = {}) { return Object.assign(document.createElement(tag), { textContent: text }, more); }

function show(name, { keepTold = false } = {}) {
  screen = name;
  for (const one of SCREENS) $(one).hidden = one !== name;
  if (!keepTold) $("told").hidden = true;
  if (name !== "scan") camera.stop();
  $("camera-toggle").textContent = say(camera.on ? "cameraOff" : "cameraOn");
  $("log-out").hidden = name === "login";
  const first = { login: "key", scan: "code", sale: "line-amount", return: "return-receipt" }[name];
  if (first && $("told").hidden) $(first).focus();
}

// The big answer: what a cashier sees from a metre away, hears, and a screen reader speaks.
function tell(kind, title, more = []) {
  $("told").className = `told ${kind}`;
  $("told-title").textContent = title;
  const list = make("ul");
  list.append(...more.map((text) => make("li", text)));
  $("told-more").replaceChildren(list);
  $("told").hidden = false;
  for (const one of SCREENS) $(one).hidden = kind !== "bad" || one !== screen;
  $("told-next").hidden = kind === "bad";
  $("told").focus();
  navigator.vibrate?.(kind === "bad" ? [200, 100, 200] : 80);
  beep(kind === "bad" ? 220 : 880);
}

let sound = null;
function beep(frequency) {
  try {
    sound ??= new AudioContext();
    const tone = sound.createOscillator(), volume = sound.createGain();
    tone.frequency.value = frequency; volume.gain.value = 0.08;
    tone.connect(volume).connect(sound.destination);
    tone.start(); tone.stop(sound.currentTime + 0.12);
  } catch { /* a page that was not touched yet may make no sound */ }
}

function setOnline(now) {
  online = now;
  $("network").hidden = now;
  $("network").textContent = now ? "" : say("offline");
}

// Runs one thing a person asked for: its button waits, the network's absence and refusals are told.
async function attempt(button, work, whenOffline = null) {
  if (button) button.disabled = true;
  try {
    await work();
  } catch (error) {
    if (error instanceof Offline) {
      setOnline(false);
      if (whenOffline) await whenOffline(); else tell("bad", say("noNetwork"), [say("noNetworkHint")]);
    } else if (error instanceof LoggedOut) {
      show("login");
      tell("bad", say("loggedOut"));
    } else if (error instanceof Refused) {
      tell("bad", say("refused"), error.errors.map((one) => one.message));
    } else throw error;
  } finally {
    if (button) button.disabled = false;
  }
}

// ---- who ----------------------------------------------------------------------------------------------------------

async function found(code) {
  if (screen === "sale") return freshCode(code);
  if (screen !== "scan") return;
  camera.stop();
  await attempt($("code-form").querySelector("button"), async () => {
    const result = await act("ScanCode", "scan", { code }, language());
    setOnline(true);
    scanned = { secondFacts: [], ...result };
    begin(new Basket({ member: result.member, card: isCard(code) ? code : null, currency: homeMoney().currency }));
  }, async () => {
    scanned = { secondFacts: [] };
    begin(new Basket({ card: code, currency: homeMoney().currency }));
  });
}

// A phone number or a receipt's code finds a member; only a card's code is sent again with the sale.
const isCard = (code) => /^FD[A-Z]\d/i.test(code.trim());

// During a sale the customer shows the app's code: it proves that they are here.
function freshCode(code) {
  if (!isCard(code)) return;
  basket.card = code;
  scanned.identifiedBy = "ROTATING_CODE";
  render();
}

function begin(next) {
  basket = next;
  quoted = null;
  for (const id of ["line-amount", "line-name", "points-money", "pin", "reason"]) $(id).value = "";
  $("line-quantity").value = "1";
  const now = new Date();
  $("receipt").value = `S${now.toISOString().slice(2, 10).replaceAll("-", "")}-${basket.key.slice(0, 6).toUpperCase()}`;
  show("sale");
  render();
}

// ---- the sale -----------------------------------------------------------------------------------------------------

function render() {
  const { member } = basket;
  $("member-name").textContent = member ? member.displayName || say("member") : basket.card ? say("cardRead") : say("guestSale");
  $("member-tier").textContent = member?.tier?.name ?? "";
  $("member-balances").replaceChildren(...(member?.balances ?? []).map((balance) => make("li", units(balance))));
  const warnings = (member ? scanned.warnings ?? [] : []).filter((code) => code !== "SECOND_FACT_NEEDED" || basket.spends);
  if (!online) warnings.push("OFFLINE");
  $("member-warnings").replaceChildren(...warnings.map((code) => make("li", say(`warning.${code}`))));
  $("lines").replaceChildren(...basket.lines.map((line, at) => {
    const item = make("li", `${line.name || say("item")} · ${numberText(line.quantity)} · ${moneyText(line.amount, basket.currency)}`);
    const remove = make("button", say("remove"), { type: "button" });
    remove.setAttribute("aria-label", `${say("remove")}: ${line.name || moneyText(line.amount, basket.currency)}`);
    remove.onclick = () => { basket.lines.splice(at, 1); render(); };
    item.append(remove);
    return item;
  }));
  choices("offers", member?.offers ?? [], basket.offers);
  choices("held", member?.held ?? [], basket.rewards);
  $("points-box").hidden = !member || !(member.balances ?? []).some((balance) => Number(balance.amount) > 0);
  const facts = scanned.secondFacts ?? [];
  $("fact-box").hidden = !basket.spends || scanned.identifiedBy === "ROTATING_CODE";
  $("pin-label").hidden = !facts.includes("PIN");
  $("reason-label").hidden = !facts.includes("STAFF_CONFIRMATION");
  askForQuote();
}

function choices(id, offered, chosen) {
  $(`${id}-box`).hidden = offered.length === 0;
  $(id).replaceChildren(...offered.map((one) => {
    const label = make("label", "", { className: "tick" });
    const tick = make("input", "", { type: "checkbox", checked: chosen.has(one.id) });
    tick.onchange = () => { if (tick.checked) chosen.add(one.id); else chosen.delete(one.id); render(); $(id).querySelectorAll("input")[offered.indexOf(one)].focus(); };
    label.append(tick, make("span", one.title));
    return label;
  }));
}

// Each change asks anew; an answer that a later question has overtaken is dropped.
async function askForQuote() {
  const mine = ++quoting;
  quoted = null;
  $("quote").replaceChildren();
  if (!basket.lines.length) return;
  $("quote").setAttribute("aria-busy", "true");
  basket.receipt = $("receipt").value.trim();
  try {
    const payload = await ask("QuoteBasket", { basket: basket.input(null) }, language());
    if (mine !== quoting) return;
    setOnline(true);
    const { quote, userErrors } = payload.quote;
    quoted = quote;
    $("quote").replaceChildren(...(userErrors.length ? [refusals(userErrors)] : [quoteList(quote)]));
  } catch (error) {
    if (mine !== quoting) return;
    if (error instanceof Offline) setOnline(false);
    else if (error instanceof Refused) $("quote").replaceChildren(refusals(error.errors));
    else if (error instanceof LoggedOut) { show("login"); tell("bad", say("loggedOut")); }
    else throw error;
  } finally {
    if (mine === quoting) $("quote").setAttribute("aria-busy", "false");
  }
}

function refusals(errors) {
  const list = make("ul", "", { className: "warnings" });
  list.append(...errors.map((error) => make("li", error.message)));
  return list;
}

function quoteList(quote) {
  const box = make("div"), list = make("dl");
  const row = (name, value, className = "") => list.append(make("dt", name, { className }), make("dd", value, { className }));
  for (const one of quote.discounts ?? []) row(one.title, `−${moneyText(one.amount.amount, one.amount.currency)}`);
  if (quote.toPay) row(say("toPay"), moneyText(quote.toPay.amount, quote.toPay.currency), "pay");
  for (const award of quote.awards) row(award.name, `+${units(award.amount)}`);
  box.append(list);
  const why = [...(quote.leftOut ?? []).map((one) => `${one.title}: ${one.message}`),
    ...quote.rules.filter((rule) => rule.outcome !== "AWARDED" && rule.reason).map((rule) => `${rule.name}: ${rule.reason}`)];
  if (why.length) {
    const details = make("details"), reasons = make("ul");
    reasons.append(...why.map((text) => make("li", text)));
    details.append(make("summary", say("whyNot")), reasons);
    box.append(details);
  }
  return box;
}

async function settle() {
  basket.receipt = $("receipt").value.trim();
  if (!basket.lines.length && !addLine()) return;
  const toPay = quoted?.toPay?.amount ?? null;
  await attempt($("settle"), async () => {
    const { settlement } = await act("SettleSale", "settle", { input: { basket: basket.input(toPay), idempotencyKey: basket.key } }, language());
    setOnline(true);
    const more = settlement.awards.map((award) => `+${units(award.amount)} · ${award.name}`);
    if (settlement.saved && Number(settlement.saved.amount) > 0) more.push(`${say("saved")}: ${moneyText(settlement.saved.amount, settlement.saved.currency)}`);
    if (settlement.tierMove?.after) more.push(`${say("newTier")}: ${settlement.tierMove.after.name}`);
    more.push(...settlement.spendable.map((balance) => `${say("now")}: ${units(balance)}`));
    tell("good", say("settled"), more);
  }, async () => {
    // Perhaps the server has settled it and the answer was lost: the same key makes it the same sale.
    await keep(basket.key, basket.input(toPay, new Date().toISOString()));
    await countQueue();
    tell("warn", say("kept"), [say("keptHint")]);
  });
}

function addLine() {
  const amount = readDecimal($("line-amount").value), quantity = readDecimal($("line-quantity").value || "1", 3);
  if (amount === null || quantity === null || Number(quantity) === 0) {
    const field = amount === null ? $("line-amount") : $("line-quantity");
    field.setCustomValidity(say("badAmount"));
    field.reportValidity();
    field.oninput = () => field.setCustomValidity("");
    return false;
  }
  basket.lines.push({ amount, quantity, name: $("line-name").value.trim() });
  $("line-amount").value = $("line-name").value = "";
  $("line-quantity").value = "1";
  $("line-amount").focus();
  render();
  return true;
}

// ---- returns ------------------------------------------------------------------------------------------------------

async function findReceipt() {
  await attempt($("receipt-form").querySelector("button"), async () => {
    receipt = (await ask("ShowReceipt", { receipt: $("return-receipt").value.trim() }, language())).receipt;
    if (!receipt) throw new Refused([{ message: say("receiptUnknown") }]);
    receipt.key = crypto.randomUUID();
    $("told").hidden = true;
    $("return-head").textContent = `${timeText(receipt.occurredAt)} · ${moneyText(receipt.total.amount, receipt.total.currency)}`;
    $("return-lines").replaceChildren(...receipt.lines.filter((line) => Number(line.returnable) > 0).map((line) => {
      const item = make("li"), label = make("label");
      const quantity = make("input", "", { inputMode: "decimal", value: "0", id: `return-${line.number}` });
      label.append(make("span", `${line.name || say("item")} · ${moneyText(line.amount.amount, line.amount.currency)} · ${say("ofPieces", { count: numberText(line.returnable) })}`), quantity);
      item.append(label);
      return item;
    }));
    $("return-form").hidden = false;
    if (!$("return-lines").children.length) throw new Refused([{ message: say("nothingLeft") }]);
  });
}

async function takeBack() {
  const lines = [];
  for (const { number } of receipt.lines) {
    const field = $(`return-${number}`);
    if (!field) continue;
    const quantity = readDecimal(field.value || "0", 3);
    if (quantity === null) { field.setCustomValidity(say("badAmount")); field.reportValidity(); field.oninput = () => field.setCustomValidity(""); return; }
    if (Number(quantity) > 0) lines.push({ number, quantity });
  }
  if (!lines.length) return tell("bad", say("nothingChosen"));
  await attempt($("return-form").querySelector("button"), async () => {
    const input = { purchaseId: receipt.purchaseId, lines, idempotencyKey: receipt.key };
    const { returned } = await act("ReturnLines", "returnPurchase", { input }, language());
    $("return-form").hidden = true;
    tell("good", `${say("refund")}: ${moneyText(returned.refund.amount, returned.refund.currency)}`, [
      ...returned.clawedBack.map((amount) => `−${units(amount)}`), ...returned.restored.map((amount) => `+${units(amount)}`),
    ]);
  });
}

// ---- what waits for the network -----------------------------------------------------------------------------------

async function countQueue() {
  const sales = await waiting();
  $("show-queue").hidden = sales.length === 0;
  $("show-queue").textContent = say("queueCount", { count: numberText(sales.length) });
  $("queue-list").replaceChildren(...sales.map((sale) => {
    const item = make("li", `${sale.basket.receipt} · ${timeText(sale.basket.occurredAt)}`);
    if (sale.problems.length) {
      item.append(refusals(sale.problems));
      const seen = make("button", say("dismiss"), { type: "button" });
      seen.onclick = async () => { await forget(sale.sequence); await countQueue(); };
      item.append(seen);
    }
    return item;
  }));
  return sales;
}

// The browser's word on the network is a hint only; the server's answer is the proof.
async function sendQueue({ aloud = false } = {}) {
  const sales = await countQueue();
  if (!sales.some((sale) => !sale.problems.length)) return;
  try {
    const told = await replay(language());
    setOnline(true);
    await countQueue();
    if (aloud || told.refused) tell(told.refused ? "warn" : "good", say("sent", { count: numberText(told.settled) }), told.refused ? [say("sentRefused", { count: numberText(told.refused) })] : []);
  } catch (error) {
    if (error instanceof Offline) setOnline(false);
    else if (aloud && error instanceof Refused) tell("bad", say("refused"), error.errors.map((one) => one.message));
    else if (error instanceof LoggedOut) { show("login"); tell("bad", say("loggedOut")); }
    else if (!(error instanceof Refused)) throw error;
  }
}

// ---- beginning ----------------------------------------------------------------------------------------------------

const camera = new Camera($("video"), found);

async function toggleCamera() {
  if (camera.on) camera.stop();
  else {
    try {
      await camera.start();
      $("camera-told").textContent = "";
    } catch (error) {
      $("camera-told").textContent = say(error.name === "NotAllowedError" ? "cameraForbidden" : "cameraMissing");
    }
  }
  $("camera-toggle").textContent = say(camera.on ? "cameraOff" : "cameraOn");
}

function on(id, kind, work) { $(id).addEventListener(kind, (event) => { event.preventDefault(); return work(event); }); }

function wire() {
  on("login-form", "submit", () => attempt($("login-form").querySelector("button"), async () => { await logIn($("key").value.trim(), language()); $("key").value = ""; await enter(); }));
  on("log-out", "click", async () => { await logOut(); show("login"); });
  on("code-form", "submit", async () => { const code = $("code").value.trim(); $("code").value = ""; await found(code); });
  on("camera-toggle", "click", toggleCamera);
  on("guest", "click", () => { scanned = { secondFacts: [] }; begin(new Basket({ currency: homeMoney().currency })); });
  on("open-return", "click", () => { $("return-form").hidden = true; $("return-receipt").value = ""; show("return"); });
  on("cancel-return", "click", () => show("scan"));
  on("cancel-sale", "click", () => show("scan"));
  on("add-line", "click", addLine);
  for (const id of ["line-amount", "line-quantity", "line-name"]) $(id).addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); addLine(); } });
  on("basket-form", "submit", settle);
  $("points-money").addEventListener("change", () => { basket.pointsMoney = readDecimal($("points-money").value); render(); });
  $("pin").addEventListener("change", () => { basket.pin = $("pin").value; render(); });
  $("reason").addEventListener("change", () => { basket.reason = $("reason").value.trim(); render(); });
  on("receipt-form", "submit", findReceipt);
  on("return-form", "submit", takeBack);
  on("told-next", "click", () => show("scan"));
  on("show-queue", "click", async () => { await countQueue(); show("queue"); });
  on("send-queue", "click", () => sendQueue({ aloud: true }));
  on("close-queue", "click", () => show("scan"));
  $("language").addEventListener("change", () => { localStorage.setItem("fedele.language", $("language").value); speak($("language").value); if (basket && screen === "sale") render(); countQueue(); });
  listenToWedge(found);
  addEventListener("online", () => sendQueue());
  addEventListener("offline", () => setOnline(false));
  setInterval(() => sendQueue(), 15000);
}

async function enter() {
  try {
    const { caller } = await ask("WhoAmI", {}, language());
    if (!caller) return show("login");
    $("store").textContent = caller.store ?? "";
    show("scan");
    await sendQueue();
  } catch (error) {
    if (error instanceof Offline) { setOnline(false); show("scan"); }
    else if (error instanceof LoggedOut) show("login");
    else throw error;
  }
}

async function start() {
  const boot = await (await fetch("/scan/boot.json")).json();
  knowDocuments(boot.documents);
  await loadWords(boot.programme);
  $("language").value = language();
  if (boot.programme) $("programme").textContent = boot.programme.name[language()] ?? boot.programme.name[boot.programme.defaultLocale] ?? "Fedele";
  wire();
  await countQueue();
  await enter();
  document.documentElement.dataset.ready = "yes";
  if ("serviceWorker" in navigator) await navigator.serviceWorker.register("/scan/worker.js", { scope: "/scan" });
}

start();
