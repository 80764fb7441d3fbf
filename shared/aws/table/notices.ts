import { absent, equals, type Item, type Table } from './table.ts';

/** Something a person should know, told once. */
export interface Notice {
  /** One line, the subject of an e-mail; the name of the system and the firewall are put before it. */
  readonly subject: string;
  readonly message: string;
}

interface NoticeItem extends Item {
  readonly state: 'sending' | 'sent';
}

/** Long enough that a late or doubled event says nothing twice, short enough that a lasting condition is told again. */
const keepSeconds = 7 * 24 * 3600;

export interface Notices {
  /**
   * Publishes the notice unless one with this key was published in the last week. Told twice only when a run died between
   * telling and noting it.
   */
  once(key: string, notice: Notice): Promise<boolean>;
}

export const createNotices = (
  table: Table,
  now: () => number,
  publish: (notice: Notice) => Promise<void>,
): Notices => ({
  once: async (key, notice) => {
    const seconds = Math.floor(now() / 1000);
    const item: NoticeItem = { pk: 'notice', sk: key, format: 1, state: 'sending', expiresAt: seconds + keepSeconds };
    if (!(await table.put(item, absent))) {
      const found = (await table.get(item.pk, item.sk)) as NoticeItem | null;
      const lasts = found !== null && Number(found['expiresAt']) > seconds;
      if (lasts && found.state === 'sent') return false;
      await table.put(item, found === null ? absent : equals('state', found.state));
    }
    await publish(notice);
    await table.put({ ...item, state: 'sent' }, null);
    return true;
  },
});
