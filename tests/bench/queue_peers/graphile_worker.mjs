// Graphile Worker: node graphile_worker.mjs URL batch|single|pickup COUNT; see ../queue_peers/__init__.py for what it answers.
import { makeWorkerUtils, run } from "graphile-worker";
import { answer, atWord, percentileOf, quiet } from "./peer.mjs";

const [url, mode, given] = process.argv.slice(2);
const count = Number(given);
const utils = await makeWorkerUtils({ connectionString: url, logger: quiet });
await utils.migrate();
const fill = `SELECT graphile_worker.add_job('noop', '{}') FROM generate_series(1, ${count})`;
if (mode !== "pickup") await utils.withPgClient((client) => client.query(fill));

let left = count;
let began = 0;
const latencies = [];
let finished;
const all = new Promise((resolve) => (finished = resolve));
const noop = async (payload) => {
  if (mode === "pickup") latencies.push(Date.now() - payload.sent);
  if (--left === 0) finished((performance.now() - began) / 1000);
};
const batch = { localQueue: { size: 50 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
const start = () =>
  run({
    connectionString: url, concurrency: 8, noHandleSignals: true, taskList: { noop }, logger: quiet, maxPoolSize: 10,
    ...(mode === "batch" ? { preset: { worker: batch } } : {}),
  });
let runner;
if (mode === "pickup") {
  runner = await start();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await atWord();
  for (let n = 0; n < count; n++) {
    await utils.addJob("noop", { sent: Date.now() });
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  await all;
  answer({ p50: percentileOf(latencies, 0.5), p99: percentileOf(latencies, 0.99) });
} else {
  await atWord();
  began = performance.now();
  runner = await start();
  const seconds = await all;
  await runner.stop();
  answer({ seconds });
}
process.exit(0);
