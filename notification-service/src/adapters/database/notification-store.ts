/** Notifications, as the processor reads and writes them, a whole batch at once. */
import {
  SWEPT_WITHIN_MS,
  type Input,
  type Pool,
  type PoolClient,
  type StatusCount,
  type Store,
  type WorkingSet,
} from '@quadrille/service-chassis';
import type { DomainEvent } from '@quadrille/shared-events';
import { uuidv7 } from 'uuidv7';
import type { Kind, Notification, NotificationCommand, NotificationState } from '../../domain/notification';
import type { Heard } from '../../service';

/** What reaches the notifications of an order. */
export type NotificationMessage = DomainEvent<Heard> | NotificationCommand;

/** Longest pause between two tries of the same mail. */
const MAIL_PAUSE_MAX_MS = 3_600_000;

/** A notification about no order has a key of its own: its id. */
const LOAD = {
  name: 'notifications-load',
  text: `SELECT coalesce(order_id, notification_id) AS key, notification_id AS "notificationId", customer_id AS "customerId", kind, subject,
      channel, attempts, sent_at IS NOT NULL AS sent, coalesce(due_at <= now(), false) AS overdue
    FROM notification WHERE order_id = ANY($1) OR (order_id IS NULL AND notification_id = ANY($1))`,
};

const ADDRESSES = {
  name: 'addresses-load',
  text: 'SELECT customer_id AS "customerId", email FROM customer WHERE customer_id = ANY($1)',
};

const dueAt = (row: string, firstPauseMs: string) =>
  `CASE WHEN NOT ${row}.sent THEN now() +
    make_interval(secs => least(${String(MAIL_PAUSE_MAX_MS)}, ${firstPauseMs} * power(2, least(${row}.attempts, 20) - 1)) / 1000.0) END`;

/** Should anything slip past the lock on the order, the unique index over order and kind still lets a customer be told once. */
const INSERT = {
  name: 'notifications-insert',
  text: `INSERT INTO notification (notification_id, customer_id, order_id, kind, subject, message, channel, attempts, traceparent, sent_at, due_at)
    SELECT notification_id, customer_id, order_id, kind::"NotificationKind", subject, message, channel::"NotificationChannel", attempts,
      traceparent, CASE WHEN sent THEN now() END, ${dueAt('row', '$2')}
    FROM json_to_recordset($1::json) AS row (notification_id text, customer_id text, order_id text, kind text, subject text, message text,
      channel text, attempts int, traceparent text, sent boolean)
    ON CONFLICT (order_id, kind) DO NOTHING`,
};

const UPDATE = {
  name: 'notifications-update',
  text: `UPDATE notification SET channel = row.channel::"NotificationChannel", attempts = row.attempts,
      sent_at = CASE WHEN row.sent THEN coalesce(notification.sent_at, now()) END, due_at = ${dueAt('row', '$2')}
    FROM json_to_recordset($1::json) AS row (notification_id text, channel text, attempts int, sent boolean)
    WHERE notification.notification_id = row.notification_id`,
};

const OVERDUE = {
  name: 'notifications-overdue',
  text: `SELECT coalesce(order_id, notification_id) AS key, kind, traceparent
    FROM notification WHERE due_at <= now() ORDER BY due_at LIMIT $1`,
};

interface Row extends Omit<Notification, 'message'> {
  readonly key: string;
  readonly notificationId: string;
}

/** What the store is made of. */
export interface NotificationStoreOptions {
  /** Without a mail server nobody has an address. */
  readonly mail: boolean;
  /** The pause after the first try to send a mail, in milliseconds; it doubles with each try. */
  readonly firstPauseMs: number;
}

/** The store of notification-service. */
export function createNotificationStore(
  options: NotificationStoreOptions,
): Store<NotificationState, NotificationMessage> {
  return {
    load: async (tx, inputs) => {
      const keys = [...new Set(inputs.map(({ key }) => key))];
      const { rows } = await tx.query<Row>({ ...LOAD, values: [keys] });
      const customers = customersOf(inputs, rows);
      const addresses = options.mail
        ? await loadAddresses(tx, [...new Set(customers.values())])
        : new Map<string, string>();
      const addressOf = (key: string) => addresses.get(customers.get(key) ?? '');
      return createWorkingSet(tx, options, rows, addressOf);
    },
  };
}

/** The customer of each key: named by the message, or by what was told before. */
function customersOf(inputs: readonly Input<NotificationMessage>[], rows: readonly Row[]): ReadonlyMap<string, string> {
  const customers = new Map(rows.map(({ key, customerId }) => [key, customerId]));
  for (const { key, message } of inputs) {
    if ('data' in message) customers.set(key, message.data.customerId);
    else if (message.type === 'Notify') customers.set(key, message.customerId);
  }
  return customers;
}

async function loadAddresses(tx: PoolClient, customerIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await tx.query<{ customerId: string; email: string }>({ ...ADDRESSES, values: [customerIds] });
  return new Map(rows.map(({ customerId, email }) => [customerId, email]));
}

interface Draft {
  readonly notificationId: string;
  readonly notification: Notification;
  readonly stored: boolean;
  readonly dirty: boolean;
  readonly traceparent: string | undefined;
}

function createWorkingSet(
  tx: PoolClient,
  { firstPauseMs }: NotificationStoreOptions,
  rows: readonly Row[],
  addressOf: (key: string) => string | undefined,
): WorkingSet<NotificationState, NotificationMessage> {
  const drafts = new Map<string, Map<Kind, Draft>>();
  const draftsOf = (key: string) => {
    const known = drafts.get(key) ?? new Map<Kind, Draft>();
    drafts.set(key, known);
    return known;
  };
  for (const { key, notificationId, ...row } of rows) {
    const notification = { ...row, message: undefined };
    const draft = { notificationId, notification, stored: true, dirty: false, traceparent: undefined };
    draftsOf(key).set(row.kind, draft);
  }

  return {
    get: (key) => ({
      told: new Map([...(drafts.get(key) ?? [])].map(([kind, { notification }]) => [kind, notification])),
      address: addressOf(key),
    }),
    put: ({ key, cause }, { told }, changed) => {
      if (!changed) return;
      for (const [kind, notification] of told) {
        const before = draftsOf(key).get(kind);
        if (before?.notification === notification) continue;
        const fresh = {
          notificationId: kind === 'DIRECT' ? key : uuidv7(),
          stored: false,
          traceparent: cause.traceparent,
        };
        draftsOf(key).set(kind, { ...(before ?? fresh), notification, dirty: true });
      }
    },
    save: () => {
      const dirty = [...drafts].flatMap(([key, known]) =>
        [...known.values()].filter((draft) => draft.dirty).map((draft) => ({ key, ...draft })),
      );
      const created = dirty.filter(({ stored }) => !stored).map(toRow);
      const updated = dirty.filter(({ stored }) => stored).map(toUpdate);
      const write = (statement: typeof INSERT, rows: readonly object[]) =>
        rows.length === 0 ? [] : [tx.query({ ...statement, values: [JSON.stringify(rows), firstPauseMs] })];
      return [...write(INSERT, created), ...write(UPDATE, updated)];
    },
  };
}

const toUpdate = ({ notificationId, notification: { channel, attempts, sent } }: Draft) => ({
  notification_id: notificationId,
  channel,
  attempts,
  sent,
});

const toRow = (draft: Draft & { readonly key: string }) => ({
  ...toUpdate(draft),
  customer_id: draft.notification.customerId,
  order_id: draft.notification.kind === 'DIRECT' ? null : draft.key,
  kind: draft.notification.kind,
  subject: draft.notification.subject,
  message: draft.notification.message,
  traceparent: draft.traceparent,
});

/** Mails that should have been sent by now, the longest overdue first. */
export async function overdueMails(pool: Pool, limit: number): Promise<readonly Input<NotificationCommand>[]> {
  const { rows } = await pool.query<{ key: string; kind: Kind; traceparent: string | null }>({
    ...OVERDUE,
    values: [limit],
  });
  return rows.map(({ key, kind, traceparent }) => ({
    key,
    message: { type: 'MailOverdue', kind },
    cause: { traceparent: traceparent ?? undefined },
  }));
}

/** What waits beyond its time: it was tried in vain, or the sweeper has not come for it. */
const COUNT_OVERDUE = {
  name: 'notification-count-overdue',
  text: `SELECT kind AS status, count(*)::int AS count FROM notification
    WHERE due_at IS NOT NULL AND (attempts > 1 OR due_at <= now() - make_interval(secs => $1 / 1000.0)) GROUP BY 1`,
};

/** Mails that are not out after their first try, by kind. Walks the index of what is due: the mails under way. */
export async function countOverdueMails(pool: Pool): Promise<readonly StatusCount[]> {
  const { rows } = await pool.query<StatusCount>({ ...COUNT_OVERDUE, values: [SWEPT_WITHIN_MS] });
  return rows;
}
