import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import { listen } from './http-shell.ts';
import { createSimulator } from './simulator.ts';

const rules = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']/rulebase/security/rules";
const xmlPiece = fc.constantFrom(
  '<entry name="x">',
  '</entry>',
  '<from>',
  '</from>',
  '<member>',
  '</member>',
  'any',
  '<![CDATA[',
  ']]>',
  '&lt;',
  '&#0;',
  '&#x110000;',
  '&bomb;',
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  '<!--',
  '-->',
  '<?x?>',
  '"',
  "'",
  '<a b=',
  '/>',
  '>',
  '<',
  '\u0000',
  '\ud800',
  '\ufeff',
  '<rules>',
  '</rules>',
  '<__proto__/>',
  '<constructor/>',
  ' name="__proto__"',
);
const xml = fc.array(xmlPiece, { maxLength: 25 }).map((pieces) => pieces.join(''));
const xpathPiece = fc.constantFrom(
  '/config',
  '/devices',
  '/entry',
  "[@name='x']",
  '[@name="a\'b"]',
  '//',
  '*',
  '..',
  '.',
  '[1]',
  '[last()]',
  '[',
  ']',
  "'",
  '"',
  '(',
  ')',
  '@name',
  'text()',
  '/preceding-sibling::entry[1]',
  ' or ',
  '|',
  '=',
  "contains(@name,'a')",
  '\u0000',
  rules,
  '[[[',
  'ancestor::*',
  '//*//*//*',
);
const xpath = fc.array(xpathPiece, { maxLength: 12 }).map((pieces) => pieces.join(''));
const anything = fc.oneof(xml, xpath, fc.string({ unit: 'binary', maxLength: 60 }));
const value = (name: string): fc.Arbitrary<string> => {
  if (name === 'type')
    return fc.constantFrom('config', 'op', 'commit', 'user-id', 'export', 'version', 'keygen', 'log', '');
  if (name === 'action')
    return fc.constantFrom(
      'get',
      'show',
      'set',
      'edit',
      'delete',
      'rename',
      'clone',
      'move',
      'multi-config',
      'complete',
      'override',
      'x',
    );
  if (name === 'xpath' || name === 'from')
    return fc.oneof(xpath, fc.constant(rules), fc.constant(`${rules}/entry[@name='Web in']`), anything);
  if (name === 'cmd')
    return fc.oneof(
      xml,
      fc.constantFrom(
        '<show><jobs><id>',
        '<commit><partial><admin/></partial></commit>',
        '<test><security-policy-match/></test>',
        '<set><audit-comment/></set>',
        '<load><config><from/></config></load>',
      ),
      anything,
    );
  return anything;
};
const names = [
  'type',
  'action',
  'xpath',
  'element',
  'cmd',
  'where',
  'dst',
  'newname',
  'from',
  'vsys',
  'audit-comment',
  'strict-transactional',
  'target',
];
const parameters = fc.record(Object.fromEntries(names.map((name) => [name, value(name)])), { requiredKeys: ['type'] });
const form = 'application/x-www-form-urlencoded';

test('no parameter, element or xpath crashes the simulator or damages its configuration', async () => {
  const simulator = createSimulator({ now: () => 0 });
  const key = simulator.keyOf('admin');
  await fc.assert(
    fc.asyncProperty(parameters, async (chosen) => {
      const body = new URLSearchParams(
        Object.entries(chosen).map(([name, text]): [string, string] => [name, text ?? '']),
      ).toString();
      const response = await simulator.respond({
        method: 'POST',
        path: '/api/',
        headers: { 'x-pan-key': key },
        contentType: form,
        body,
      });
      assert.ok([200, 400, 403].includes(response.status));
      assert.ok(response.body.length > 0);
      // The exported configuration can always be loaded again.
      createSimulator({ configuration: simulator.exportConfiguration('candidate') });
    }),
    { numRuns: 1500, verbose: 1 },
  );
});

test('no header, method, path or body crashes it', async () => {
  const simulator = createSimulator({ now: () => 0, control: true });
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        method: fc.constantFrom('GET', 'POST', 'PUT', 'x'),
        path: fc.constantFrom('/api/', '/api', '/', '/control', '/php/login.php'),
        query: fc.string({ maxLength: 40 }),
        body: fc.string({ unit: 'binary', maxLength: 200 }),
        contentType: fc.constantFrom(form, 'multipart/form-data; boundary=x', 'text/plain', ''),
        headers: fc.dictionary(
          fc.constantFrom('x-pan-key', 'authorization', 'cookie'),
          fc.oneof(fc.string(), fc.constant('Basic Og=='), fc.constant('Basic !!!')),
        ),
      }),
      async (incoming) => {
        const response = await simulator.respond(incoming);
        assert.ok([200, 400, 403].includes(response.status));
      },
    ),
    { numRuns: 1500, verbose: 1 },
  );
});

test('deep, oversized and exploding XML is refused with an error', async () => {
  const simulator = createSimulator({ now: () => 0 });
  const deep = `${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`;
  const bomb = `<!DOCTYPE x [${Array.from({ length: 9 }, (_, level) => `<!ENTITY e${level} "${`&e${level - 1};`.repeat(10)}">`).join('')}]><entry name="x">&e8;</entry>`;
  const huge = `<entry name="x"><description>${'x'.repeat(5_000_000)}</description></entry>`;
  for (const element of [deep, bomb, huge, `${'<'.repeat(100_000)}`, `<a ${'b="c" '.repeat(50_000)}/>`])
    assert.match(
      simulator.act('admin', { type: 'config', action: 'set', xpath: rules, element }),
      /^<response status="error"/,
    );
  for (const xpath of [
    `/config${'/*'.repeat(20_000)}`,
    `/config${'['.repeat(50_000)}`,
    `/config/${'('.repeat(50_000)}`,
    '//*[//*[//*[//*]]]',
    `/config[${'not('.repeat(5000)}1${')'.repeat(5000)}]`,
  ])
    assert.match(simulator.act('admin', { type: 'config', action: 'get', xpath }), /^<response/);
});

test('bytes that are not UTF-8, and broken HTTP, leave the server alive', async () => {
  const simulator = createSimulator({ now: () => 0 });
  const shell = await listen(simulator, { port: 0, tls: false });
  try {
    const send = (body: Buffer): Promise<number> =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          `${shell.url}/api/`,
          { method: 'POST', headers: { 'content-type': form, 'x-pan-key': simulator.keyOf('admin') }, agent: false },
          (incoming) => {
            incoming.resume();
            incoming.on('end', () => resolve(incoming.statusCode ?? 0));
          },
        );
        outgoing.on('error', reject);
        outgoing.end(body);
      });
    for (const body of [
      Buffer.from([0xff, 0xfe, 0x00, 0xc0, 0x80]),
      Buffer.from('type=config&action=get&xpath=%ff%fe%c0%80'),
      Buffer.from('type=op&cmd=%E0%A4%A'),
      Buffer.alloc(1_000_000, 0x25),
    ])
      assert.ok([200, 400, 403].includes(await send(body)));
  } finally {
    await shell.close();
  }
});
