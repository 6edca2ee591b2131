/** Which version of this project is at hand, for the head of what is measured with it. */
import { execFileSync } from 'node:child_process';
import { rootFolder } from '@quadrille/operator/src/root';

/** The commit of this copy, marked when files differ from it; `unknown` without git. */
export function commitAtHand(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: rootFolder, encoding: 'utf8' }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' with changes');
  } catch {
    return 'unknown';
  }
}
