import { spawnSync } from 'node:child_process';

/** More than Node lets listen to anything before it warns. */
const FOLLOWERS = 20;

test('many followers raise no warning of the process, and all are woken when the service stops', () => {
  // A process of its own: the one of this test has jest's events and its own warnings, told once.
  const script = `
    require('esbuild-register/dist/node').register();
    const { createClosing, createWatch } = require(${JSON.stringify(require.resolve('./order-watch'))});
    const closing = createClosing();
    const watch = createWatch();
    const waiting = Array.from({ length: ${String(FOLLOWERS)} }, (_, index) =>
      watch.follow(String(index)).next(60_000, closing.signal));
    // Node warns in a later turn.
    setImmediate(() => {
      closing.abort();
      Promise.all(waiting).then((news) => console.log(news.length));
    });`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: `${String(FOLLOWERS)}\n`, stderr: '' });
});
