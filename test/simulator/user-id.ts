import { type ConfigNode, childNamed, entriesOf, textOf } from './config-node.ts';
import type { Device, RegisteredIp } from './device.ts';
import { isAddressLiteral } from './names.ts';
import { type Command, onlyArguments } from './op.ts';
import { liveTags } from './op-policy.ts';
import { daemonReply, opResult, Refusal, type SimulatorResponse } from './reply.ts';
import { escapeAttribute, escapeText, parseElement, XmlError } from './xml.ts';

const tagsIn = (subject: ConfigNode): readonly { readonly tag: string; readonly timeout: number }[] =>
  (childNamed(subject, 'tag')?.children ?? [])
    .filter(({ tag }) => tag === 'member')
    .map((member) => ({ tag: member.text, timeout: Number(member.attributes['timeout'] ?? '0') || 0 }));

const keyFor = (vsys: string, ip: string): string => `${vsys}\n${ip}`;

/**
 * `type=user-id`: registers and unregisters tags of addresses. On 10.1 and later registering twice is no error (told by
 * clients); `strict` answers as 6.0 did (captured).
 */
export const userIdRequest = (
  device: Device,
  source: string,
  vsys: string,
  now: number,
  strict: boolean,
): SimulatorResponse => {
  let root: ConfigNode;
  try {
    root = parseElement(source);
  } catch (error) {
    if (error instanceof XmlError) throw new Refusal(18, [`Malformed command: ${error.message}`]);
    throw error;
  }
  const payload = childNamed(root, 'payload');
  const version = textOf(root, 'version') ?? '2.0';
  if (root.tag !== 'uid-message' || payload === null || textOf(root, 'type') !== 'update')
    throw new Refusal(18, ['Malformed command: uid-message expected']);
  let { registered } = device;
  const complaints: { readonly block: string; readonly ip: string; readonly message: string }[] = [];
  for (const block of payload.children) {
    if (block.tag !== 'register' && block.tag !== 'unregister')
      throw new Refusal(17, [` ${block.tag}  is unexpected`], { plain: false });
    for (const item of entriesOf(block)) {
      const ip = item.attributes['ip'] ?? '';
      if (!isAddressLiteral(ip)) {
        complaints.push({ block: block.tag, ip, message: `invalid ip ${ip}` });
        continue;
      }
      const known: RegisteredIp = registered.get(keyFor(vsys, ip)) ?? {
        ip,
        persistent: item.attributes['persistent'] !== '0',
        tags: [],
      };
      const live = known.tags.filter(({ until }) => until === null || until > now);
      const sent = tagsIn(item);
      const next = new Map(registered);
      if (block.tag === 'register') {
        if (strict)
          for (const { tag } of sent)
            if (live.some((one) => one.tag === tag))
              complaints.push({ block: block.tag, ip, message: `tag ${tag} already exists, ignore` });
        const kept = live.filter((one) => !sent.some(({ tag }) => tag === one.tag));
        next.set(keyFor(vsys, ip), {
          ...known,
          tags: [
            ...kept,
            ...sent.map(({ tag, timeout }) => ({
              tag,
              until: timeout > 0 ? now + Math.min(timeout, 2_592_000) * 1000 : null,
            })),
          ],
        });
      } else {
        if (strict)
          for (const { tag } of sent)
            if (!live.some((one) => one.tag === tag))
              complaints.push({ block: block.tag, ip, message: `tag ${tag} does not exist, ignore unreg` });
        const left = sent.length === 0 ? [] : live.filter((one) => !sent.some(({ tag }) => tag === one.tag));
        if (left.length === 0) next.delete(keyFor(vsys, ip));
        else next.set(keyFor(vsys, ip), { ...known, tags: left });
      }
      registered = next;
    }
  }
  device.registered = registered;
  const blocks = payload.children
    .map(
      ({ tag }) =>
        `<${tag}>${complaints
          .filter(({ block }) => block === tag)
          .map(({ ip, message }) => `<entry ip="${escapeAttribute(ip)}" message="${escapeAttribute(message)}"/>`)
          .join('')}</${tag}>`,
    )
    .join('');
  const inner = `<uid-response><version>${escapeText(version)}</version><payload>${blocks}</payload></uid-response>`;
  return complaints.length > 0
    ? daemonReply('error', null, `<msg><line>${inner}</line></msg>`)
    : daemonReply('success', null, `<result>${inner}</result>`);
};

export const registeredCommands: Readonly<Record<string, Command>> = {
  'show object registered-ip': (call, argument) => {
    onlyArguments(argument, ['tag', 'limit', 'start-point', 'all', 'ip']);
    const wantedTags = entriesOf(childNamed(argument, 'tag')).map((tag) => tag.attributes['name'] ?? '');
    const wantedIp = textOf(argument, 'ip');
    const start = Math.max(1, Number(textOf(argument, 'start-point') ?? '1') || 1);
    const limit = Number(textOf(argument, 'limit') ?? '500') || 500;
    const found = [...liveTags(call.device, call.now)].filter(
      ([ip, tags]) =>
        (wantedIp === null || ip === wantedIp) &&
        (wantedTags.length === 0 || wantedTags.some((tag) => tags.includes(tag))),
    );
    const page = found.slice(start - 1, start - 1 + limit);
    return opResult(
      `${page.map(([ip, tags]) => `<entry ip="${escapeAttribute(ip)}" from_agent="0" persistent="1"><tag>${tags.map((tag) => `<member>${escapeText(tag)}</member>`).join('')}</tag></entry>`).join('')}<count>${page.length}</count>`,
    );
  },
};
