/**
 * Records the statements that clients send to PostgreSQL, on the wire
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html). A client sends `Parse` with a text and
 * perhaps a name, then `Bind` with the values for that name, any number of times; or `Query` with a text that has no
 * values.
 */
import { startTcpProxy, type TcpProxy } from '@quadrille/test-kit';

/** How many different lists of values are kept for one statement: enough for every status and every kind of list. */
const VALUES_KEPT = 20;

/** A statement as it was sent. */
export interface SentStatement {
  readonly text: string;
  /** The name of the prepared statement; empty when it was not prepared. */
  readonly name: string;
  /** The parameters in PostgreSQL's text form, one array for each different list of values. */
  readonly values: readonly (readonly (string | null)[])[];
}

/** A proxy to a database that records statements. */
export interface StatementRecorder {
  readonly through: TcpProxy['through'];
  /** The statements sent so far, by text. */
  readonly sent: ReadonlyMap<string, SentStatement>;
  readonly close: () => Promise<void>;
}

/** Creates a reader of the fields of one message, in order. */
function fieldsOf(message: Buffer) {
  let at = 0;
  const int16 = () => message.readInt16BE((at += 2) - 2);
  const int32 = () => message.readInt32BE((at += 4) - 4);
  const bytes = (length: number) => message.subarray(at, (at += length)).toString();
  const string = () => {
    const text = bytes(message.indexOf(0, at) - at);
    at += 1;
    return text;
  };
  return { int16, int32, bytes, string };
}

/** Reads the values of a `Bind` after its two names. */
function readValues({ int16, int32, bytes }: ReturnType<typeof fieldsOf>): (string | null)[] {
  const formats = Array.from({ length: int16() }, int16);
  if (formats.some((format) => format !== 0)) throw new Error('a client sent a parameter in binary form');
  return Array.from({ length: int16() }, () => {
    const length = int32();
    return length === -1 ? null : bytes(length);
  });
}

/** Starts a recorder in front of the server of `databaseUrl`. */
export async function startStatementRecorder(databaseUrl: string): Promise<StatementRecorder> {
  const sent = new Map<string, { text: string; name: string; values: (string | null)[][] }>();
  const keep = (text: string, name: string, values: (string | null)[]) => {
    const statement = sent.get(text) ?? { text, name, values: [] };
    sent.set(text, statement);
    const isNew = !statement.values.some((known) => JSON.stringify(known) === JSON.stringify(values));
    if (isNew && statement.values.length < VALUES_KEPT) statement.values.push(values);
  };

  const listen = () => {
    const prepared = new Map<string, string>();
    let unread = Buffer.alloc(0);
    let started = false;
    const hear = (type: string, message: Buffer) => {
      const fields = fieldsOf(message);
      if (type === 'Q') keep(fields.string(), '', []);
      if (type === 'P') prepared.set(fields.string(), fields.string());
      if (type !== 'B') return;
      fields.string(); // the portal
      const name = fields.string();
      keep(prepared.get(name) ?? '', name, readValues(fields));
    };
    return (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk]);
      for (;;) {
        // The first message has no type: it is the version of the protocol.
        const head = started ? 1 : 0;
        if (unread.length < head + 4) return;
        const end = head + unread.readInt32BE(head);
        if (unread.length < end) return;
        if (started) hear(String.fromCharCode(unread.readUInt8(0)), unread.subarray(head + 4, end));
        started = true;
        unread = unread.subarray(end);
      }
    };
  };
  const proxy = await startTcpProxy(databaseUrl, listen);
  return { through: (url) => proxy.through(url), sent, close: () => proxy.close() };
}
