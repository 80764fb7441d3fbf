/** An execution's input holds 256 KiB; one approval stays short enough to be read and pasted. */
const mostInOneApproval = 400;
const mostRules = 20;

/** The inputs that approve the loss of these interfaces: each is complete, and starts an execution as it stands. */
export const approvalInputs = (interfaces: readonly string[]): readonly string[] => {
  const inputs: string[] = [];
  for (let at = 0; at < interfaces.length; at += mostInOneApproval) {
    inputs.push(JSON.stringify({ operator: { approve: interfaces.slice(at, at + mostInOneApproval) } }));
  }
  return inputs;
};

const rulesText = (rules: readonly string[]): string => {
  const more = rules.length - mostRules;
  return `${rules.slice(0, mostRules).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? '' : 's'}`;

/** What vanished and waits, in one sentence. */
export const awaitingText = (interfaces: readonly string[], rules: readonly string[]): string =>
  `${count(interfaces.length, 'interface')} vanished from EC2 or from behind the firewall, and nothing shows why: their grants stay until that is approved, in ${count(rules.length, 'rule')} (${rulesText(rules)}).`;

/** SNS carries 256 KiB: the notice that follows these approvals names the rest. */
const mostInputs = 20;

/** The approvals, each on a line of its own, to be pasted as it stands. */
export const approvalText = (interfaces: readonly string[]): string => {
  const inputs = approvalInputs(interfaces).slice(0, mostInputs);
  return [
    `If it is meant, start an execution of the state machine with this input${inputs.length > 1 ? ', then one with each further input' : ''}; an approval holds for a day:`,
    ...inputs,
  ].join('\n');
};

/** Lambda and Step Functions carry a cause of 32 KiB: the first approval is in it, the others are in the notice. */
export const tooMuchText = (interfaces: readonly string[], rules: readonly string[], counted: number): string => {
  const [first = '', ...more] = approvalInputs(interfaces);
  return [
    `${awaitingText(interfaces, rules)} Of ${count(counted, 'interface')} with grants that is more than may go within a day. Everything else was carried out.`,
    `If it is meant, start an execution of the state machine with this input${more.length > 0 ? `, and ${count(more.length, 'further one')} as the notice lists them` : ''}; an approval holds for a day:`,
    first,
  ].join('\n');
};

/** That no route leads to the firewall, as far as the settings say. */
export const noRouteText = (targets: readonly string[], awaiting: readonly string[]): string =>
  `FIREWALL_TARGETS: no route table in this account and Region names ${targets.join(' or ')}, so nothing is behind the firewall. Nothing was opened${awaiting.length > 0 ? `, and ${count(awaiting.length, 'interface')} keep their rules` : ''}; what EC2 shows closed was closed. Correct the setting, or the routes.`;
