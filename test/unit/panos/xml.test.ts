import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { NamedError } from '../../../shared/domain/errors.ts';
import {
  buildXml,
  element,
  escapeAttribute,
  escapeText,
  parseXml,
  textElement,
  type XmlElement,
  XmlError,
} from '../../../shared/panos/xml.ts';
import {
  canonicalXpath,
  entriesStep,
  entryStep,
  places,
  targetOf,
  xpathLiteral,
  xpathWithin,
} from '../../../shared/panos/xpath.ts';

const isSendable = (text: string): boolean =>
  [...text].every((character) => {
    const point = character.codePointAt(0) ?? 0;
    return (
      point === 9 ||
      point === 10 ||
      point === 13 ||
      (point >= 0x20 && point < 0xd800) ||
      (point > 0xdfff && point !== 0xfffe && point !== 0xffff)
    );
  });
const awkward = fc.string({
  unit: fc.constantFrom(...'<>&\'"]]>\t\n\r;#xaé€ 𝄞/[]=@'.split(''), '&amp;', '<![CDATA[', ']]>', '-->'),
});
const anyText = fc.oneof(awkward, fc.string({ unit: 'binary' }));
const sendable = anyText.filter(isSendable);

/** An XPath 1.0 literal or concat of literals, read as the specification says. */
const evaluated = (expression: string): string => {
  const literals = expression.match(/'[^']*'|"[^"]*"/g) ?? [];
  const whole = expression.startsWith('concat(') ? `concat(${literals.join(',')})` : (literals[0] ?? '');
  assert.equal(expression, whole, 'nothing but literals');
  return literals.map((literal) => literal.slice(1, -1)).join('');
};

describe('XML', () => {
  test('law: any text that XML can carry comes back from element and attribute as it was', () => {
    fc.assert(
      fc.property(sendable, sendable, (text, attribute) => {
        const back = parseXml(buildXml({ ...textElement('a', text), attributes: { name: attribute } }));
        assert.equal(back.text, text);
        assert.equal(back.attributes['name'], attribute);
        assert.equal(back.children.length, 0);
      }),
    );
  });

  test('law: text never becomes markup', () => {
    fc.assert(
      fc.property(sendable, (text) => {
        assert.doesNotMatch(escapeText(text), /[<>]/);
        assert.doesNotMatch(escapeAttribute(text), /[<>"\n\t\r]/);
      }),
    );
  });

  test('law: text that XML cannot carry is Misconfigured, never sent', () => {
    fc.assert(
      fc.property(
        anyText.filter((text) => !isSendable(text)),
        (text) => {
          assert.throws(
            () => escapeText(text),
            (error) => error instanceof NamedError && error.name === 'Misconfigured',
          );
        },
      ),
    );
  });

  test('law: a tree comes back as it was built', () => {
    const name = fc.constantFrom('entry', 'member', 'from', 'a-b', 'x1');
    const { tree } = fc.letrec<{ tree: XmlElement }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.tuple(name, sendable).map(([tag, text]) => textElement(tag, text)),
        fc
          .tuple(
            name,
            fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
            fc.dictionary(name, sendable, { maxKeys: 3 }),
          )
          .map(([tag, children, attributes]) => element(tag, children, { ...attributes })),
      ),
    }));
    fc.assert(
      fc.property(tree, (one) => {
        assert.deepEqual(parseXml(buildXml(one)), one);
      }),
    );
  });

  test('law: whatever is parsed, the result is an element or an XmlError', () => {
    fc.assert(
      fc.property(
        fc.oneof(awkward, fc.string({ unit: 'binary' }), fc.constantFrom('<a', '<a>', '</a>', '<?x', '<!-')),
        awkward,
        (head, tail) => {
          for (const document of [
            head,
            `<a>${head}</a>`,
            `<a b="${tail}">${head}</a>`,
            `${head}<a/>${tail}`,
            `<a><![CDATA[${head}]]></a>`,
          ]) {
            try {
              parseXml(document);
            } catch (error) {
              assert.ok(error instanceof XmlError, String(error));
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('entities are never defined nor expanded', () => {
    const bomb = '<!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY c "&a;&a;&a;">]><b>&c;</b>';
    assert.throws(() => parseXml(bomb), /DOCTYPE/);
    assert.throws(() => parseXml('<b>&c;</b>'), /&c; is not defined/);
    assert.throws(() => parseXml('<b>&#0;</b>'), XmlError);
    assert.equal(parseXml('<b>&lt;&#65;&#x42;&amp;amp;<![CDATA[&lt;]]></b>').text, '<AB&amp;&lt;');
  });

  test('single quotes and blanks around an equals sign are read, as the web layer sends them', () => {
    assert.deepEqual(parseXml("<response status = 'error' code = '403'/>").attributes, {
      status: 'error',
      code: '403',
    });
  });

  test('too deep, two roots, truncated, or nothing at all is an XmlError', () => {
    for (const bad of ['', ' ', 'x', '<a/><b/>', '<a><b></a>', '<a>', `${'<a>'.repeat(200)}${'</a>'.repeat(200)}`]) {
      assert.throws(() => parseXml(bad), XmlError, bad.slice(0, 20));
    }
  });
});

describe('XPath', () => {
  test('law: a literal says what was given, with either quote or both', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        assert.equal(evaluated(xpathLiteral(value)), value);
      }),
    );
  });

  test('law: a name is found again in the xpath of its rule and service, however it is quoted', () => {
    const place = places('vsys1');
    fc.assert(
      fc.property(anyText, (name) => {
        assert.deepEqual(targetOf(place, place.rule(name)), { kind: 'rule', name, field: null });
        assert.deepEqual(targetOf(place, place.ruleField(name, 'source')), { kind: 'rule', name, field: 'source' });
        assert.deepEqual(targetOf(place, place.service(name)), { kind: 'service', name });
        assert.equal(canonicalXpath(place.rule(name)), place.rule(name));
      }),
      { examples: [["a'b"], ['a"b'], [`a'b"c`], ["'],["], [']'], ['[ @name = ']] },
    );
  });

  test('quotes and blanks do not make another xpath', () => {
    const place = places('vsys1');
    const spelt = `${place.vsys.replaceAll("'", '"')}/rulebase/security/rules/entry[ @name = "R 1"]/source`;
    assert.equal(canonicalXpath(spelt), place.ruleField('R 1', 'source'));
    assert.ok(xpathWithin(spelt, place.rule('R 1')));
    assert.ok(!xpathWithin(spelt, place.rule('R 10')));
    assert.ok(!xpathWithin(place.rules, place.rule('R 1')));
  });

  test('an xpath of another vsys, of deeper nodes, or with axes is nothing this client writes', () => {
    const place = places('vsys1');
    for (const xpath of [
      places('vsys2').rule('R'),
      `${place.rule('R')}/source/member`,
      `${place.rules}/entry[1]`,
      '//entry',
      place.rules,
      '',
    ]) {
      assert.deepEqual(targetOf(place, xpath), { kind: 'other' }, xpath);
    }
  });

  test('several names are one step, none at all is an error', () => {
    assert.equal(entriesStep(['a', "b'"]), `entry[@name='a' or @name="b'"]`);
    assert.equal(entryStep('a'), "entry[@name='a']");
    assert.throws(() => entriesStep([]), NamedError);
  });
});
