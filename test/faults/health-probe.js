// A thread that asks an address again and again, so that what the scenario does meanwhile does not count as the answer's time.
import { Agent, get } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

const pauseMs = 5;
const agent = new Agent({ keepAlive: true });
const latencies = [];
let isOver = false;
parentPort.once('message', () => {
  isOver = true;
});

const ask = () =>
  new Promise((resolve, reject) => {
    get(workerData.url, { agent }, (answer) => answer.resume().once('end', resolve)).once('error', reject);
  });

while (!isOver) {
  const started = performance.now();
  await ask();
  latencies.push(performance.now() - started);
  await delay(pauseMs);
}
agent.destroy();
parentPort.postMessage(latencies);
