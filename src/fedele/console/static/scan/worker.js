// The shell of the page while the network is away. Answers of the till are never kept: only files that are the same for all.
const CACHE = "fedele-scan-1";
const SHELL = [
  "/scan", "/scan/boot.json", "/assets/scan/page.css", "/assets/scan/page.js", "/assets/scan/till.js", "/assets/scan/words.js",
  "/assets/scan/camera.js", "/assets/scan/wedge.js", "/assets/scan/queue.js", "/assets/scan/basket.js", "/assets/scan/texts.json", "/assets/scan/icon.svg",
  "/assets/scan/vendor/barcode-detector.js", "/assets/scan/vendor/zxing_reader.wasm",
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

// The network first, so that a new version is seen at once; the kept copy when there is none.
async function answer(request) {
  const cache = await caches.open(CACHE);
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await cache.put(request, fresh.clone());
    return fresh;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method === "GET" && origin === self.location.origin && SHELL.includes(pathname)) event.respondWith(answer(event.request));
});
