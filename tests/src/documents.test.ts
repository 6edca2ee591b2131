/** The documents name files and link to each other: what they name must be there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rootFolder } from '@quadrille/operator/src/root';

/** What stands at the root, the README of every package, and everything in docs/. */
const documents = [
  ...readdirSync(rootFolder).flatMap((name) => [name, join(name, 'README.md')]),
  ...readdirSync(join(rootFolder, 'docs'), { recursive: true, encoding: 'utf8' }).map((file) => join('docs', file)),
].filter((file) => file.endsWith('.md') && existsSync(join(rootFolder, file)));

/** Folders that a fresh checkout does not have: they are built, or written at run time. */
const NOT_IN_A_CHECKOUT = /^(dist|node_modules|coverage|\.data)$/;

/** Files that a guide has the reader write. */
const TO_BE_WRITTEN: ReadonlySet<string> = new Set(['shared-events/samples/PaymentDisputed.json']);

/** Several names with slashes between them, as in `docs/protocol.md`; a line number may follow. */
const PATH = /^(?<path>[\w@.-]+(?:\/[\w@.-]+)+\/?|[\w@.-]+\/)(?::\d+)?$/;

const readDocument = (file: string) => readFileSync(join(rootFolder, file), 'utf8');

const withoutCodeBlocks = (text: string) => text.replaceAll(/^ *```.*?^ *```/gms, '');

/** What stands in code and looks like a path, if its first folder is one at the root or beside the document. */
function pathsIn(text: string, folder: string): string[] {
  const inCode = [...withoutCodeBlocks(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return inCode.flatMap((code) => {
    const path = PATH.exec(code)?.groups?.['path'];
    const [first = ''] = path?.split('/') ?? [];
    const isOurs = [rootFolder, join(rootFolder, folder)].some((base) => existsSync(join(base, first)));
    const isMeant = isOurs && !NOT_IN_A_CHECKOUT.test(first);
    return path !== undefined && isMeant && !TO_BE_WRITTEN.has(path) ? [path] : [];
  });
}

/** Paths that are neither at the root nor beside the document. */
const missingPaths = (text: string, folder: string): string[] =>
  pathsIn(text, folder).filter(
    (path) => ![rootFolder, join(rootFolder, folder)].some((base) => existsSync(join(base, path))),
  );

/** The anchors of a document's headings, as GitHub makes them. */
const anchorsOf = (text: string): string[] =>
  [...withoutCodeBlocks(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Links to files or headings that are not there. Links to other hosts are not followed. */
function deadLinks(text: string, file: string): string[] {
  const targets = [...withoutCodeBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const linked = path === '' ? file : relative(rootFolder, join(rootFolder, dirname(file), path));
      if (!existsSync(join(rootFolder, linked))) return true;
      return anchor !== undefined && !anchorsOf(readDocument(linked)).includes(anchor);
    });
}

it.each(documents)('%s links to nothing that is not there', (file) => {
  expect(deadLinks(readDocument(file), file)).toEqual([]);
});

it.each(documents)('%s names no file that is not there', (file) => {
  expect(missingPaths(readDocument(file), dirname(file))).toEqual([]);
});

it('finds what is missing', () => {
  const named = 'See `docs/nowhere.md:12`, `docs/protocol.md`, `src/nowhere.ts`, `text/plain`.';
  expect(missingPaths(named, 'order-service')).toEqual(['docs/nowhere.md', 'src/nowhere.ts']);
  const linked = '[a](docs/nowhere.md) [b](README.md#try-it) [c](README.md#nowhere) [d](https://example.com/nowhere)';
  expect(deadLinks(linked, 'README.md')).toEqual(['docs/nowhere.md', 'README.md#nowhere']);
});
