// The page's words in four languages, and the numbers as each of them writes them.
export const LOCALES = ["en", "it", "ru", "ar"];
let texts = {}, locale = "en", money = { currency: "USD", digits: 2 };

export async function loadWords(programme) {
  texts = await (await fetch("/assets/scan/texts.json")).json();
  if (programme) money = programme;
  const asked = [new URLSearchParams(location.search).get("lang"), localStorage.getItem("fedele.language"), ...navigator.languages];
  speak(asked.map((one) => (one || "").slice(0, 2)).find((one) => LOCALES.includes(one)) || "en");
}

export function speak(language) {
  locale = language;
  document.documentElement.lang = language;
  document.documentElement.dir = language === "ar" ? "rtl" : "ltr";
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
}

export const language = () => locale;

export function say(key, values = {}) {
  const text = texts[locale]?.[key] ?? texts.en?.[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// Amounts arrive as decimal text and stay text: Intl reads them without going through a float.
export function moneyText(amount, currency = money.currency) {
  return new Intl.NumberFormat(locale, { style: "currency", currency }).format(amount);
}
export const numberText = (amount) => new Intl.NumberFormat(locale).format(amount);
export const timeText = (instant) => new Intl.DateTimeFormat(locale, { dateStyle: "short", timeStyle: "short" }).format(new Date(instant));
export const units = (amount) => `${numberText(amount.amount)} ${amount.name}`;
export const homeMoney = () => money;

const DIGITS = { "٠": 0, "١": 1, "٢": 2, "٣": 3, "٤": 4, "٥": 5, "٦": 6, "٧": 7, "٨": 8, "٩": 9, "٫": "." };

// "12,50", "12.50" or "١٢٫٥٠" → "12.50"; null for what is no amount with at most so many decimals.
export function readDecimal(typed, decimals = money.digits) {
  const plain = typed.trim().replace(/[٠-٩٫]/g, (digit) => DIGITS[digit]).replace(",", ".");
  const match = /^(\d{1,9})(?:\.(\d+))?$/.exec(plain);
  return match && (match[2] || "").length <= decimals ? plain : null;
}
