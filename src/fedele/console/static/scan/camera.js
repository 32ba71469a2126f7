// The device's camera read for codes: by the browser's own detector where it knows QR, else by our WebAssembly one.
const AGAIN_AFTER = 3000; // the same code is told once in so many milliseconds
const FORMATS = ["qr_code", "aztec", "pdf417", "code_128"];

async function detector() {
  const native = globalThis.BarcodeDetector;
  if (native && (await native.getSupportedFormats()).includes("qr_code")) return new native({ formats: ["qr_code"] });
  const { BarcodeDetector, prepareZXingModule } = globalThis.BarcodeDetectionAPI;
  prepareZXingModule({ overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? `/assets/scan/vendor/${path}` : prefix + path) } });
  return new BarcodeDetector({ formats: FORMATS });
}

export class Camera {
  #stream = null; #detector = null; #last = ["", 0];
  constructor(video, onCode) { this.video = video; this.onCode = onCode; }

  get on() { return this.#stream !== null; }

  async start() {
    if (this.on) return;
    this.#detector ??= await detector();
    this.#stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false });
    this.video.srcObject = this.#stream;
    await this.video.play();
    this.#look();
  }

  stop() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = this.video.srcObject = null;
  }

  async #look() {
    if (!this.on) return;
    try {
      const [found] = await this.#detector.detect(this.video);
      const now = performance.now();
      if (found && (found.rawValue !== this.#last[0] || now - this.#last[1] > AGAIN_AFTER)) {
        this.#last = [found.rawValue, now];
        this.onCode(found.rawValue);
      }
    } catch (error) {
      console.warn("a frame could not be read", error);
    }
    if (this.on) this.video.requestVideoFrameCallback(() => this.#look());
  }
}
