/** The documents that are made from the tables, as they are and as they should be. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootFolder } from '@quadrille/operator/src/root';
import { containers } from './containers';
import { protocolDocument } from './document';
import { exploreReachable } from './reachable';
import { askTables } from './tables';

/** A document of this copy. */
export interface MadeDocument {
  /** Relative to the copy's folder. */
  readonly path: string;
  /** What the tables say that it should be. */
  readonly text: string;
}

const read = (path: string) => readFileSync(join(rootFolder, path), 'utf8');

/** The text of a document as it is in this copy; undefined when there is none. */
const readDocument = (path: string): string | undefined =>
  existsSync(join(rootFolder, path)) ? read(path) : undefined;

/** Those of the documents that are not what the tables say. */
export const staleAmong = (documents: readonly MadeDocument[], readNow = readDocument): readonly MadeDocument[] =>
  documents.filter(({ path, text }) => readNow(path) !== text);

/** The part of docs/architecture.md that is made; what stands around it is written by hand. */
const MADE = /(<!-- made by npm run protocol -->\n).*(\n<!-- end -->)/s;

/** A hand-written text with its made part renewed. Throws when it has no place for that. */
export function withMadePart(text: string, made: string): string {
  if (!MADE.test(text)) throw new Error('docs/architecture.md has no place between its two marks for what is made');
  return text.replace(MADE, (_, begin: string, end: string) => `${begin}\n${made}\n${end}`);
}

/** The documents, made anew. The same tables give the same text. */
export function makeDocuments(): readonly MadeDocument[] {
  const template = read('proof/src/protocol/protocol.template.md');
  const architecture = 'docs/architecture.md';
  return [
    { path: 'docs/protocol.md', text: protocolDocument(template, askTables(exploreReachable())) },
    { path: architecture, text: withMadePart(read(architecture), containers()) },
  ];
}
