// Preloaded into any Node.js process, writes a CPU profile of its whole life when it ends, into the folder PROFILES. (--cpu-prof would
// do that too, but is not allowed in NODE_OPTIONS, which is how it reaches the services.)
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { basename, join } from 'node:path';

const folder = process.env.PROFILES;
if (folder) {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.start');
  process.once('exit', () => {
    session.post('Profiler.stop', (error, result) => {
      if (error) return;
      mkdirSync(folder, { recursive: true });
      const name = `${basename(process.argv[1] ?? 'node', '.js')}-${process.pid}.cpuprofile`;
      writeFileSync(join(folder, name), JSON.stringify(result.profile));
    });
  });
}
