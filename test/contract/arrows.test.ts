import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, test } from 'node:test';
import { projectFile } from '../support/deployment.ts';

/** From the lowest to the highest. A file imports from its own folder or from a lower layer. */
const layers: readonly (readonly string[])[] = [
  ['shared/domain'],
  ['shared/domain/sets'],
  ['shared/domain/policy'],
  ['shared/domain/grants'],
  ['shared/domain/rules'],
  ['shared/domain/verdict'],
  ['shared/domain/plan'],
  ['shared/panos', 'shared/aws'],
  ['shared/aws/events', 'shared/aws/ec2', 'shared/aws/table'],
  ['shared/runtime'],
  ['shared/runtime/clients'],
  ['shared/workflow'],
  ['functions'],
];

const folderOf = (file: string): string => posix.dirname(file);
const layerOf = (folder: string): number => layers.findIndex((layer) => layer.includes(folder));
const isFor = (outside: 'shared/panos' | 'shared/aws', folder: string): boolean =>
  `${folder}/`.startsWith(`${outside}/`);

/** The firewall and AWS know nothing of each other, in whichever folder below theirs. */
const reachAcross = (from: string, to: string): boolean =>
  (isFor('shared/panos', from) && isFor('shared/aws', to)) || (isFor('shared/aws', from) && isFor('shared/panos', to));

/** The project's files that a file imports, types and dynamic imports included. */
const importedBy = (file: string, text: string): readonly string[] =>
  [...text.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]*)['"]/g)].map(([, path = '']) =>
    posix.join(folderOf(file), path),
  );

/** What is wrong with one arrow, or null. */
const fault = (file: string, imported: string): string | null => {
  const [from, to] = [folderOf(file), folderOf(imported)];
  if (layerOf(to) < 0) return `${file} imports ${imported}: ${to} has no place among the layers, give it one`;
  if (from === 'functions' && to === from) return `${file} imports ${imported}: one function imports another`;
  if (from === to) return null;
  if (reachAcross(from, to)) return `${file} imports ${imported}: the firewall and AWS know nothing of each other`;
  if (layerOf(to) < layerOf(from)) return null;
  return `${file} imports ${imported}: ${to} does not stand below ${from}`;
};

const faultsOf = (file: string, text: string): readonly string[] =>
  layerOf(folderOf(file)) < 0
    ? [`${file}: ${folderOf(file)} has no place among the layers, give it one`]
    : importedBy(file, text).flatMap((imported) => fault(file, imported) ?? []);

const root = new URL('../../', import.meta.url).pathname;
const files = globSync(['functions/**/*.ts', 'shared/**/*.ts'], { cwd: root }).sort();

describe('the arrows between the folders', () => {
  test('each file imports only from its own folder and from lower layers, and functions never from each other', () => {
    const faults = files.flatMap((file) => faultsOf(file, projectFile(file)));
    assert.ok(faults.length === 0, `${faults.length} arrows run the wrong way:\n${faults.join('\n')}`);
  });

  test('every folder among the layers has files', () => {
    const folders = new Set(files.map(folderOf));
    assert.deepEqual(
      layers.flat().filter((folder) => !folders.has(folder)),
      [],
    );
  });

  const refused: readonly (readonly [string, string, string, RegExp])[] = [
    ['back up', 'shared/domain/sets/a.ts', "import { b } from '../policy/b.ts';", /policy does not stand below/],
    ['from the top of the core', 'shared/domain/a.ts', "export * from './sets/b.ts';", /sets does not stand below/],
    ['of a type only', 'shared/domain/plan/a.ts', "import type { B } from '../../aws/b.ts';", /does not stand below/],
    ['in several lines', 'shared/aws/a.ts', "import {\n  b,\n} from '../runtime/b.ts';", /does not stand below/],
    ['while running', 'shared/runtime/a.ts', "await import('../workflow/b.ts');", /workflow does not stand below/],
    ['for its effect', 'shared/workflow/a.ts', "import '../../functions/b.ts';", /functions does not stand below/],
    ['of a neighbour', 'shared/aws/table/a.ts', "import { b } from '../ec2/b.ts';", /ec2 does not stand below/],
    ['of AWS by the firewall', 'shared/panos/a.ts', "import { b } from '../aws/b.ts';", /know nothing of each other/],
    ['of the firewall by AWS', 'shared/aws/ec2/a.ts', "import { b } from '../../panos/b.ts';", /know nothing/],
    ['of another function', 'functions/a.ts', "import { b } from './b.ts';", /one function imports another/],
    [
      'of an unknown folder',
      'functions/a.ts',
      "import { b } from '../test/b.ts';",
      /test has no place among the layers/,
    ],
    ['in an unknown folder', 'shared/domain/new/a.ts', '', /shared\/domain\/new has no place among the layers/],
  ];
  for (const [kind, file, text, told] of refused) {
    test(`an import ${kind} is refused`, () => {
      const [only, ...more] = faultsOf(file, text);
      assert.match(only ?? '', told);
      assert.deepEqual(more, []);
    });
  }

  test('an import from the own folder, from a lower layer or of a package is right', () => {
    const right: readonly (readonly [string, string])[] = [
      ['shared/domain/verdict/a.ts', "import { b } from './b.ts'; import { c } from '../sets/c.ts';"],
      ['shared/domain/plan/a.ts', "import { b } from '../../domain/verdict/b.ts';"],
      [
        'shared/aws/table/a.ts',
        "import { b } from '../aws-failure.ts'; import type { C } from '../../domain/change.ts';",
      ],
      ['shared/aws/ec2/a.ts', "import { B } from '@aws-sdk/client-ec2'; import { c } from 'node:zlib';"],
      ['functions/a.ts', "import { b } from '../shared/workflow/b.ts'; import { c } from '../shared/panos/c.ts';"],
    ];
    assert.deepEqual(
      right.flatMap(([file, text]) => faultsOf(file, text)),
      [],
    );
  });
});
