// Sales made while the network was away, kept by the browser's database until the server has answered for each.
import { ask } from "./till.js";

let opening = null;
function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("fedele-scan", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("sale", { keyPath: "sequence" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

async function run(mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("sale", mode, { durability: "strict" });
    const request = work(transaction.objectStore("sale"));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

export function device() {
  let name = localStorage.getItem("fedele.device");
  if (!name) localStorage.setItem("fedele.device", (name = `scan-${crypto.randomUUID()}`));
  return name;
}

// The device's own count of its offline sales, so that the server sees when one is missing.
function nextSequence() {
  const next = Number(localStorage.getItem("fedele.sequence") || 0) + 1;
  localStorage.setItem("fedele.sequence", String(next));
  return next;
}

export const waiting = () => run("readonly", (sales) => sales.getAll());
export const forget = (sequence) => run("readwrite", (sales) => sales.delete(sequence));
export async function keep(idempotencyKey, basket) {
  const sale = { sequence: nextSequence(), idempotencyKey, basket, problems: [] };
  await run("readwrite", (sales) => sales.put(sale));
  return sale;
}

let sending = null;
// Replays what waits, oldest first. What was refused stays, with its reasons, until a person has seen it.
export function replay(language) {
  sending ??= send(language).finally(() => { sending = null; });
  return sending;
}

async function send(language) {
  const sales = (await waiting()).filter((sale) => !sale.problems.length);
  const told = { settled: 0, refused: 0 };
  for (let start = 0; start < sales.length; start += 20) {
    const batch = sales.slice(start, start + 20);
    const input = { device: device(), sales: batch.map(({ sequence, idempotencyKey, basket }) => ({ sequence, idempotencyKey, basket })) };
    const { replay: answer } = await ask("ReplaySales", { input }, language);
    for (const result of answer?.results ?? []) {
      if (result.outcome === "REFUSED") {
        told.refused += 1;
        const sale = batch.find((one) => one.sequence === result.sequence);
        await run("readwrite", (store) => store.put({ ...sale, problems: result.problems }));
      } else {
        told.settled += 1;
        await forget(result.sequence);
      }
    }
  }
  return told;
}
