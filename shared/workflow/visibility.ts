import { type SightReads, sight } from '../aws/ec2/sightings.ts';
import type { Said, SaidParts } from '../aws/table/said.ts';
import type { Change } from '../domain/change.ts';
import { contentAbout, type Statement, saysOtherwise, thereAs } from '../domain/grants/statements.ts';
import { announcedIn, type Lag, lagsOf } from '../domain/grants/visibility.ts';
import type { Settings } from '../runtime/settings.ts';
import { millisecondsFromIso } from '../runtime/world.ts';

interface ViewParts {
  readonly ec2: SightReads;
  readonly said: Pick<SaidParts, 'about'>;
}

/** What EC2 shows of a change. `lag` and `because` are words for the reader. */
export type View =
  | { readonly kind: 'shown' }
  /** To be waited for: it is young, and nothing settles it. */
  | { readonly kind: 'awaited'; readonly lag: string }
  /** Not shown, and EC2 is believed all the same. */
  | { readonly kind: 'believed'; readonly because: string };

/**
 * Events carry whole seconds (captured), so which of two of the same second was the later is not told. Each settles the other,
 * but only once EC2 has had this long to show which of them it was.
 */
const sameSecondMilliseconds = 30_000;

const ageOf = (change: Change, now: number): number => now - millisecondsFromIso(change.when);

/** Whether EC2 must be given time: the event is younger than EC2 may lag. An event from the future counts as young. */
export const isYoung = (change: Change, now: number, settings: Pick<Settings, 'VISIBILITY_SECONDS'>): boolean =>
  ageOf(change, now) < settings.VISIBILITY_SECONDS * 1000;

/** What the change announced and EC2 does not show; asks for nothing that was not announced. @throws AwsBusy, AwsDenied */
export const lagsIn = async (ec2: SightReads, change: Change): Promise<readonly Lag[]> =>
  lagsOf(change, await sight(ec2, announcedIn(change)));

/** That a rule is there, under each content that a call gave it. */
const underLaterContents = async (said: ViewParts['said'], { created }: Lag): Promise<readonly Statement[]> => {
  if (created === undefined) return [];
  const { rule, groups } = created;
  const contents = await said.about(contentAbout(rule));
  return contents.flatMap(({ statement }) => groups.map((group) => thereAs(group, statement, rule)));
};

/** The event that says otherwise than what is not shown; null when none does. */
const settling = async (
  said: ViewParts['said'],
  { when, eventId }: Change,
  lag: Lag,
  tied: boolean,
): Promise<Said | null> => {
  for (const statement of [...lag.statements, ...(await underLaterContents(said, lag))]) {
    const found = (await said.about(statement.about)).find(
      (each) =>
        each.eventId !== eventId &&
        (each.when > when || (tied && each.when === when)) &&
        saysOtherwise(statement, each.statement),
    );
    if (found !== undefined) return found;
  }
  return null;
};

/**
 * Whether EC2 shows a change, and what to do if not. What a later event says otherwise is not waited for: that event has
 * an execution of its own, which is.
 * @throws AwsBusy, AwsDenied
 */
export const viewOf = async (
  { ec2, said }: ViewParts,
  change: Change,
  now: number,
  settings: Pick<Settings, 'VISIBILITY_SECONDS'>,
): Promise<View> => {
  const lags = await lagsIn(ec2, change);
  const [first] = lags;
  if (first === undefined) return { kind: 'shown' };
  if (!isYoung(change, now, settings))
    return { kind: 'believed', because: `${first.text}; the event is old enough that EC2 is believed.` };
  const tied = ageOf(change, now) >= sameSecondMilliseconds;
  const settled: string[] = [];
  for (const lag of lags) {
    const by = await settling(said, change, lag, tied);
    if (by === null) return { kind: 'awaited', lag: lag.text };
    settled.push(`${lag.text}; ${by.when > change.when ? 'a later' : 'another'} ${by.kind} says otherwise.`);
  }
  return { kind: 'believed', because: settled.join(' ') };
};

/** Whether a change is to be waited for: it is young, and EC2 does not show it yet. @throws AwsBusy, AwsDenied */
export const isAwaited = async (
  parts: ViewParts,
  change: Change,
  now: number,
  settings: Pick<Settings, 'VISIBILITY_SECONDS'>,
): Promise<boolean> =>
  isYoung(change, now, settings) && (await viewOf(parts, change, now, settings)).kind === 'awaited';
