import assert from 'node:assert/strict';
import { asks, bodyIs, type Fact, written } from './fact.ts';
import { ruleAt, rules } from './target.ts';

const op = (cmd: string) => ({ type: 'op', cmd });
const config = (action: string, xpath: string) => ({ type: 'config', action, xpath });
const job = (id: number) => op(`<show><jobs><id>${id}</id></jobs></show>`);
const haState = op('<show><high-availability><state></state></high-availability></show>');
const commitAll = { type: 'commit', cmd: '<commit></commit>' };
const write = (description: string) => ({
  type: 'config',
  action: 'set',
  xpath: ruleAt('Web in'),
  element: `<description>${description}</description>`,
});
const names = ['Web out', 'Web in', 'Clear text', 'Clean up'];

const member = (tag: string, ...values: readonly string[]): string =>
  `<${tag}>${values.map((value) => `<member>${value}</member>`).join('')}</${tag}>`;
const realRule = (name: string, source: readonly string[], application: readonly string[], more = ''): string =>
  `<entry name="${name}">${member('from', 'WAN')}${member('to', 'LAN')}${member('source', ...source)}${member('destination', 'any')}${member('application', ...application)}${member('service', 'application-default')}<action>allow</action>${more}</entry>`;

/** A shape of real exports: it mentions lists and applications that come with the content and are not in it. */
const realConfiguration = `<?xml version="1.0"?><config version="10.1.0"><mgt-config><users><entry name="admin"><permissions><role-based><superuser>yes</superuser></role-based></permissions></entry></users></mgt-config><shared/><devices><entry name="localhost.localdomain"><vsys><entry name="vsys1"><zone><entry name="LAN"/><entry name="WAN"/></zone><rulebase><security><rules>
${realRule('block known bad', ['panw-bulletproof-ip-list', 'panw-known-ip-list'], ['any'])}
${realRule('updates', ['any'], ['apt-get', 'yum', 'ms-update', 'google-base'], `<profile-setting>${member('group', 'default')}</profile-setting><log-setting>default</log-setting>`)}
</rules></security></rulebase></entry></vsys></entry></devices></config>`;
const real = { configuration: realConfiguration };
const inReal = (name: string) => config('set', rules.replace(/$/, `/entry[@name='${name}']`));

/** What captures of devices, and the requests of the vendor's own clients, show. */
export const captureFacts: readonly Fact[] = [
  ...(['get', 'show'] as const).map(
    (action): Fact =>
      asks(
        `${action} at entry/@name answers one entry with its name for each, in order`,
        'client',
        'simulator',
        config(action, `${rules}/entry/@name`),
        new RegExp(
          `<result total-count="${names.length}" count="${names.length}">${names.map((name) => `<entry name="${name}"/>`).join('')}</result>`,
        ),
      ),
  ),
  {
    title: 'names at entry/@name follow a move',
    evidence: 'client',
    needs: 'simulator',
    check: async (target) => {
      bodyIs(await target.ask({ ...config('move', ruleAt('Clear text')), where: 'top' }), written);
      bodyIs(
        await target.ask(config('get', `${rules}/entry/@name`)),
        /<entry name="Clear text"\/><entry name="Web out"\/>/,
      );
    },
  },
  asks(
    'names of an empty place are nothing for get',
    'captured',
    'read',
    config('get', `${ruleAt('no-such-rule-at-all')}/@name`),
    '<response status="success" code="7"><result/></response>',
  ),
  asks(
    'names of an empty place are no such node for show',
    'captured',
    'read',
    config('show', `${ruleAt('no-such-rule-at-all')}/@name`),
    /status="error".*No such node/,
  ),
  asks(
    'the state of a pair carries no serial number, its own or its peer’s',
    'captured',
    'simulator',
    haState,
    /^(?!.*serial).*<local-info>.*<platform-model>.*<state>active<\/state>.*<\/local-info><peer-info>.*<state>passive<\/state><conn-status>up<\/conn-status>.*<\/peer-info>/,
    { ha: { enabled: true, state: 'active', peerState: 'passive' }, haSerials: false },
  ),
  {
    title: 'show jobs all carries the description of each commit',
    evidence: 'captured',
    needs: 'simulator',
    check: async (target) => {
      await target.ask(write('anew'));
      await target.ask({ type: 'commit', cmd: '<commit><description>change 4711</description></commit>' });
      bodyIs(
        await target.ask(op('<show><jobs><all></all></jobs></show>')),
        /<type>Commit<\/type>.*<description>change 4711<\/description>/,
      );
    },
  },
  (() => {
    let now = Date.UTC(2026, 0, 2, 3, 4, 5);
    return {
      title: 'a commit before the automatic commit after a boot has ended fails, and succeeds afterwards',
      evidence: 'captured',
      needs: 'simulator',
      options: { now: () => now, autoCommitMilliseconds: 60_000 },
      check: async (target) => {
        target.simulator?.control({
          kind: 'restart',
          what: 'reboot',
          committed: false,
          refusedMilliseconds: 0,
          deniedMilliseconds: 0,
        });
        bodyIs(await target.ask(job(1)), /<type>AutoCom<\/type><status>ACT<\/status>/);
        bodyIs(await target.ask(write('too soon')), written);
        bodyIs(await target.ask(commitAll), /status="error"/);
        assert.doesNotMatch(target.simulator?.exportConfiguration('running') ?? '', /too soon/);
        now += 60_000;
        bodyIs(await target.ask(job(1)), /<type>AutoCom<\/type><status>FIN<\/status>.*<result>OK<\/result>/);
        bodyIs(await target.ask(commitAll), /code="19"/);
        assert.match(target.simulator?.exportConfiguration('running') ?? '', /too soon/);
      },
    } satisfies Fact;
  })(),
  {
    title: 'a running configuration that mentions lists, applications and profiles of the content commits',
    evidence: 'inferred',
    needs: 'simulator',
    options: real,
    check: async (target) => {
      bodyIs(await target.ask({ ...inReal('updates'), element: '<description>anew</description>' }), written);
      await target.ask(commitAll);
      bodyIs(await target.ask(job(1)), /<result>OK<\/result>/);
    },
  },
  {
    title: 'what such a configuration mentions may be mentioned in new rules too; what nothing mentions may not',
    evidence: 'inferred',
    needs: 'simulator',
    options: real,
    check: async (target) => {
      const element = (application: string): string =>
        realRule('new', ['panw-known-ip-list'], [application]).replace(/^<entry[^>]*>|<\/entry>$/g, '');
      bodyIs(await target.ask({ ...inReal('new'), element: element('apt-get') }), written);
      bodyIs(await target.ask({ ...inReal('newer'), element: element('no-such-app') }), /code="12"/);
    },
  },
  {
    title: 'a content update keeps what the loaded configuration mentions',
    evidence: 'inferred',
    needs: 'simulator',
    options: real,
    check: async (target) => {
      target.simulator?.control({ kind: 'content', version: '8300-6000', ports: { ssh: ['tcp/22,2222'] } });
      bodyIs(await target.ask({ ...inReal('updates'), element: '<description>anew</description>' }), written);
      await target.ask(commitAll);
      bodyIs(await target.ask(job(1)), /<result>OK<\/result>/);
    },
  },
];
