// How many signed passes passkit-generator makes in a CPU-second: node passes.mjs FOLDER SECONDS
// FOLDER holds `files/` (one pass's files, pass.json among them) and certificate.pem, key.pem and wwdr.pem.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { PKPass } from "passkit-generator";

const [folder, seconds] = [process.argv[2], Number(process.argv[3])];
const inside = join(folder, "files");
const filesBelow = (path) =>
  readdirSync(path).flatMap((name) => (statSync(join(path, name)).isDirectory() ? filesBelow(join(path, name)) : [join(path, name)]));
const files = Object.fromEntries(filesBelow(inside).map((path) => [relative(inside, path), readFileSync(path)]));
const certificates = {
  signerCert: readFileSync(join(folder, "certificate.pem")),
  signerKey: readFileSync(join(folder, "key.pem")),
  wwdr: readFileSync(join(folder, "wwdr.pem")),
};

let number = 0;
const make = () => {
  number += 1;
  const pass = new PKPass({ ...files }, certificates, { serialNumber: `card-${number}` });
  return pass.getAsBuffer();
};
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

for (let warm = 0; warm < 3; warm += 1) make();
const [start, before] = [cpu(), number];
while (cpu() - start < seconds) make();
console.log(JSON.stringify({ per_cpu_second: (number - before) / (cpu() - start), bytes: make().length }));
