// What the peers' programs in Node have in common: the word to begin, the answer, no log on standard output.
import { createInterface } from "node:readline";
import { Logger } from "graphile-worker";

export const quiet = new Logger(() => () => {});

export async function atWord() {
  console.log("ready");
  const lines = createInterface({ input: process.stdin });
  await new Promise((resolve) => lines.once("line", resolve));
}

export function answer(found) {
  console.log(JSON.stringify(found));
}

export function percentileOf(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
