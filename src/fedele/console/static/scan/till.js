// The staff schema, asked by the hashes of its trusted documents. The key travels in a cookie that this script cannot see.
export class Offline extends Error {}
export class LoggedOut extends Error {}
export class Refused extends Error {
  constructor(errors) { super(errors.map((error) => error.message).join(" ")); this.errors = errors; }
}

const ANSWER_WITHIN = 8000;
let documents = {};

export function knowDocuments(known) { documents = known; }

async function send(path, options) {
  try {
    return await fetch(path, { ...options, signal: AbortSignal.timeout(ANSWER_WITHIN), headers: { "x-fedele-scanner": "1", ...options.headers } });
  } catch (error) {
    throw new Offline(String(error));
  }
}

export async function ask(name, variables = {}, language = "en") {
  const answer = await send("/staff/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json", "accept-language": language },
    body: JSON.stringify({ documentId: documents[name], variables }),
  });
  if (answer.status >= 502) throw new Offline(`HTTP ${answer.status}`);
  const body = await answer.json();
  const failed = (body.errors || [])[0];
  if (answer.status === 401 || ["UNAUTHENTICATED", "FORBIDDEN"].includes(failed?.extensions?.code)) throw new LoggedOut(failed?.message);
  if (failed) throw new Refused([{ code: failed.extensions?.code, message: failed.message }]);
  return body.data;
}

// The payload of a mutation or query that carries userErrors.
export async function act(name, field, variables, language) {
  const payload = (await ask(name, variables, language))[field];
  if (!payload) throw new Refused([{ code: "INTERNAL", message: name }]);
  if (payload.userErrors?.length) throw new Refused(payload.userErrors);
  return payload;
}

export async function logIn(key, language) {
  const answer = await send("/scan/session", {
    method: "POST", headers: { "content-type": "application/json", "accept-language": language }, body: JSON.stringify({ key }),
  });
  if (!answer.ok) throw new Refused([await answer.json()]);
}

export const logOut = () => send("/scan/session", { method: "DELETE" });
