// What is being sold, and to whom; turned into the BasketInput of the schema. Amounts stay decimal text.
export class Basket {
  constructor({ member = null, card = null, currency }) {
    this.member = member; this.card = card; this.currency = currency;
    this.lines = []; this.offers = new Set(); this.rewards = new Set();
    this.pointsMoney = null; this.pin = ""; this.reason = ""; this.receipt = "";
    this.key = crypto.randomUUID(); // one sale, one key: whatever is sent again is the same sale
  }

  get spends() { return Boolean(this.pointsMoney) || this.rewards.size > 0; }

  input(toPay, occurredAt = null) {
    const input = {
      receipt: this.receipt, currency: this.currency, discounts: "APPLY",
      lines: this.lines.map(({ amount, quantity, name }) => ({ amount, quantity, ...(name ? { name } : {}) })),
      rewards: [...this.rewards],
    };
    // What was offered and left unticked is not used; a card that could not be read online uses what earns more.
    if (this.member) input.offers = [...this.offers];
    if (this.card) input.card = this.card;
    else if (this.member) input.memberId = this.member.id;
    if (this.pointsMoney) {
      input.tenders = [{ kind: "POINTS", amount: this.pointsMoney }];
      const rest = toPay === null ? null : minus(toPay, this.pointsMoney);
      if (rest) input.tenders.push({ kind: "OTHER", amount: rest });
    }
    if (this.pin) input.pin = this.pin;
    if (this.reason) input.confirmation = this.reason;
    if (occurredAt) input.occurredAt = occurredAt;
    return input;
  }
}

// Exact decimal difference of two amounts as text; null when nothing is left.
export function minus(whole, part) {
  const digits = Math.max(...[whole, part].map((text) => (text.split(".")[1] || "").length));
  const scaled = (text) => { const [units, rest = ""] = text.split("."); return BigInt(units + rest.padEnd(digits, "0")); };
  const left = scaled(whole) - scaled(part);
  if (left <= 0n) return null;
  const text = left.toString().padStart(digits + 1, "0");
  return digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
}
