import type { Edit } from '../domain/plan/edits.ts';
import { operationsFor } from './edits.ts';
import { canonicalText, withoutBookkeeping } from './rules-reader.ts';
import { buildXml, element, nameOf, type XmlElement } from './xml.ts';
import type { Places } from './xpath.ts';

const sortedForm = (from: XmlElement): XmlElement => ({
  ...from,
  children: from.children.map(sortedForm).toSorted((one, other) => (buildXml(one) < buildXml(other) ? -1 : 1)),
});

/** Canonical text in which the order of elements and members does not count: fields and members are sets. */
export const canonicalOrderless = (entry: XmlElement): string => buildXml(sortedForm(withoutBookkeeping(entry)));

/** The entry that an `add-rule` or `add-service` leads to. */
export const expectedEntry = (place: Places, edit: Edit & { readonly name: string }): XmlElement =>
  element('entry', operationsFor(place, edit)[0]?.content ?? [], { name: edit.name });

/** True when both are absent or say the same; a uuid, where both have one, must be the same too. */
export const sameEntry = (one: XmlElement | null, other: XmlElement | null): boolean => {
  if (one === null || other === null) return one === other;
  const uuids = [one.attributes['uuid'], other.attributes['uuid']];
  if (uuids[0] !== undefined && uuids[1] !== undefined && uuids[0] !== uuids[1]) return false;
  return nameOf(one) === nameOf(other) && canonicalText(one) === canonicalText(other);
};

/**
 * An entry as it may be sent again: without bookkeeping, but with its uuid. Inferred: a firewall keeps the uuid of an
 * entry that is put back with it; whether it does is seen by reading back.
 */
export const sendable = (entry: XmlElement): XmlElement => {
  const clean = withoutBookkeeping(entry);
  const uuid = entry.attributes['uuid'];
  return uuid === undefined ? clean : { ...clean, attributes: { ...clean.attributes, uuid } };
};
