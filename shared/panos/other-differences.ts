import type { Connection } from './connection.ts';
import { getNodes, showNode } from './read-configuration.ts';
import { canonicalText } from './rules-reader.ts';
import { attribute, nameOf, type XmlElement } from './xml.ts';
import { canonicalXpath, entryStep } from './xpath.ts';

/** What an administrator's configuration consists of; what is predefined or pushed is the same in both configurations. */
const sections = ['/config/mgt-config', '/config/shared', '/config/devices'];

const stepOf = (node: XmlElement): string => (node.name === 'entry' ? entryStep(nameOf(node)) : node.name);

/** From a Panorama's template: shown in the candidate by `get` and not in the running configuration by `show` (captured). */
const isOfTemplate = (node: XmlElement): boolean =>
  attribute(node, 'src') === 'tpl' || attribute(node, 'ptpl') !== null;

/** Whether the children of a node can be told apart, so that a difference can be named below it. */
const isNamedWithin = (node: XmlElement | null): boolean =>
  node !== null && node.children.length > 0 && new Set(node.children.map(stepOf)).size === node.children.length;

/** The narrowest places where two nodes differ, as far as children can be told apart. */
const differing = (
  candidate: XmlElement | null,
  running: XmlElement | null,
  path: string,
  own: readonly string[],
): readonly string[] => {
  const isOwn = own.some((xpath) => path === xpath || path.startsWith(`${xpath}/`));
  if (isOwn || (candidate === null && running === null)) return [];
  if (running === null && candidate !== null && isOfTemplate(candidate)) return [];
  if (candidate !== null && running !== null && canonicalText(candidate) === canonicalText(running)) return [];
  const isAround = own.some((xpath) => xpath.startsWith(`${path}/`));
  if (!isAround && !(isNamedWithin(candidate) && isNamedWithin(running))) return [path];
  const [now, was] = [candidate, running].map(
    (node) => new Map((node?.children ?? []).map((each) => [stepOf(each), each] as const)),
  );
  return [...new Set([...(now?.keys() ?? []), ...(was?.keys() ?? [])])].flatMap((step) =>
    differing(now?.get(step) ?? null, was?.get(step) ?? null, `${path}/${step}`, own),
  );
};

/**
 * Where the whole candidate differs from the running configuration beside the given xpaths: what a full commit would carry along.
 * The list of changes leaves some of it out, such as changes of plugins and telemetry (told), so the configurations
 * themselves are compared. The order of rules is not: a move is in the list.
 */
export const otherDifferences = async (
  connection: Connection,
  xpaths: readonly string[],
): Promise<readonly string[]> => {
  const own = xpaths.map(canonicalXpath);
  const found = await Promise.all(
    sections.map(async (section) => {
      const [[candidate = null], running] = await Promise.all([
        getNodes(connection, section),
        showNode(connection, section),
      ]);
      return differing(candidate, running, section, own);
    }),
  );
  return found.flat();
};
