// pg-boss: node pg_boss.mjs URL batch|single COUNT; see __init__.py for what it answers.
import PgBoss from "pg-boss";
import { answer, atWord } from "./peer.mjs";

const [url, mode, given] = process.argv.slice(2);
const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false });
boss.on("error", (error) => { throw error; });
await boss.start();
await boss.createQueue("noop");
const count = Number(given);
for (let at = 0; at < count; at += 1000) {
  await boss.insert(Array.from({ length: Math.min(1000, count - at) }, () => ({ name: "noop", data: {} })));
}
await atWord();
const began = performance.now();
await Promise.all(Array.from({ length: 8 }, async () => {
  for (;;) {
    const jobs = await boss.fetch("noop", { batchSize: mode === "batch" ? 50 : 1 });
    if (!jobs || jobs.length === 0) return;
    await boss.complete("noop", jobs.map((job) => job.id));
  }
}));
answer({ seconds: (performance.now() - began) / 1000 });
process.exit(0);
