import type { AnnouncedFact } from '../../domain/announced-facts.ts';
import { canonicalSource } from '../../domain/grants/statements.ts';
import {
  announcing,
  asking,
  type Decoder,
  everything,
  nameIn,
  requestBlock,
  responseBlock,
  textIn,
  textsIn,
} from './call-meaning.ts';
import { isId, optionalId, optionalNumber, optionalPart, type Part } from './event-fields.ts';

/* Routes, associations and ranges of a VPC: which interfaces they touch is not in the record, so all is read again. */

const destinations = ['destinationCidrBlock', 'destinationIpv6CidrBlock', 'destinationPrefixListId'] as const;
/** Names of the API model; captured are gatewayId and natGatewayId. */
const targets = [
  'gatewayId',
  'vpcEndpointId',
  'natGatewayId',
  'transitGatewayId',
  'networkInterfaceId',
  'instanceId',
  'egressOnlyInternetGatewayId',
  'vpcPeeringConnectionId',
  'localGatewayId',
  'carrierGatewayId',
  'coreNetworkArn',
] as const;

const firstIn = (block: Part | null, names: readonly string[]): string | null =>
  names.map((name) => textIn(block, name)).find((text) => text !== null) ?? null;

const routeFacts = (block: Part | null, deleted: boolean): readonly AnnouncedFact[] => {
  const table = textIn(block, 'routeTableId');
  const destination = firstIn(block, destinations);
  const target = deleted ? null : (firstIn(block, targets) ?? (isTrue(block, 'localTarget') ? 'local' : null));
  // A target of a kind this version does not know is looked for by nothing.
  if (table === null || destination === null || (target === null && !deleted)) return [];
  return [{ kind: 'route', table, destination: canonicalSource(destination), target }];
};

const isTrue = (block: Part | null, name: string): boolean =>
  block !== null && ['true', true].includes(block.fields[nameIn(block, name)] as never);

export const routeCall: Decoder = (record) => everything(announcing(...routeFacts(requestBlock(record), false)));
export const deleteRoute: Decoder = (record) => everything(announcing(...routeFacts(requestBlock(record), true)));

const association = (id: string | null, table: string | null): readonly AnnouncedFact[] =>
  id === null ? [] : [{ kind: 'association', id, table }];

/** `{routeTableId, subnetId}`, answered with `{associationId}` (captured). */
export const associateTable: Decoder = (record) => {
  const table = textIn(requestBlock(record), 'routeTableId');
  const id = textIn(responseBlock(record), 'associationId');
  return everything(announcing(...(table === null ? [] : association(id, table))));
};

/** `{associationId}` only (captured). */
export const disassociateTable: Decoder = (record) =>
  everything(announcing(...association(textIn(requestBlock(record), 'associationId'), null)));

/** `{associationId, routeTableId}`, answered with `{newAssociationId}` (API model). */
export const replaceTable: Decoder = (record) => {
  const block = requestBlock(record);
  const table = textIn(block, 'routeTableId');
  const made = textIn(responseBlock(record), 'newAssociationId');
  return everything(
    announcing(
      ...(table === null ? [] : association(made, table)),
      ...association(textIn(block, 'associationId'), null),
    ),
  );
};

/** The association stands in the answer of the one call and in the request of the other (API model; no record was found). */
const rangeIn = (answered: Part | null): string | null =>
  ['cidrBlockAssociation', 'ipv6CidrBlockAssociation']
    .map((name) => {
      const part = answered === null ? null : optionalPart(answered, nameIn(answered, name));
      return textIn(part, 'associationId');
    })
    .find((each) => each !== null) ?? null;

const rangeCall =
  (there: boolean): Decoder =>
  (record) => {
    const id = textIn(requestBlock(record), 'associationId') ?? rangeIn(responseBlock(record));
    return everything(id === null ? announcing() : announcing({ kind: 'range', association: id, there }));
  };

export const associateRange = rangeCall(true);
export const disassociateRange = rangeCall(false);

/** `{routeTableId, gatewayId}` (API model). */
const propagationCall =
  (on: boolean): Decoder =>
  (record) => {
    const block = requestBlock(record);
    const [table, gateway] = [textIn(block, 'routeTableId'), textIn(block, 'gatewayId')];
    return everything(
      table === null || gateway === null ? announcing() : announcing({ kind: 'propagation', table, gateway, on }),
    );
  };

export const enablePropagation = propagationCall(true);
export const disablePropagation = propagationCall(false);

/** A gateway endpoint brings a route to every table it names; other endpoints are reached by routes with calls of their own. */
export const createEndpoint: Decoder = (record) => {
  const block = requestBlock(record);
  const answered = responseBlock(record);
  const made = answered === null ? null : optionalPart(answered, nameIn(answered, 'vpcEndpoint'));
  const tables = textsIn(block, 'routeTableId').filter((id) => isId(id, 'rtb'));
  if (block !== null && tables.length === 0) return 'CreateVpcEndpoint named no route table: it changes no route';
  const target = textIn(made, 'vpcEndpointId');
  return everything(
    target === null || tables.length === 0
      ? announcing()
      : announcing({ kind: 'routes to', target, tables, there: true }),
  );
};

/** Route tables added to or taken from a gateway endpoint; groups added to or taken from the interfaces of another. */
export const modifyEndpoint: Decoder = (record) => {
  const block = requestBlock(record);
  const target = textIn(block, 'vpcEndpointId');
  const facts = (['addRouteTableId', 'removeRouteTableId'] as const).flatMap((name): readonly AnnouncedFact[] => {
    const tables = textsIn(block, name).filter((id) => isId(id, 'rtb'));
    return target === null || tables.length === 0
      ? []
      : [{ kind: 'routes to', target, tables, there: name === 'addRouteTableId' }];
  });
  return everything(announcing(...facts));
};

/** Routes to a deleted endpoint go or turn into blackholes: only an active one is a sign that EC2 lags. */
export const deleteEndpoints: Decoder = (record) => {
  const endpoints = textsIn(requestBlock(record), 'vpcEndpointId').filter((id) => isId(id, 'vpce'));
  return everything(
    announcing(
      ...endpoints.map((target): AnnouncedFact => ({ kind: 'routes to', target, tables: null, there: false })),
    ),
  );
};

const entriesIn = (block: Part, name: string): readonly string[] =>
  textsIn(block, name, ['Cidr', 'cidr']).map(canonicalSource);

/**
 * `ModifyManagedPrefixListRequest{PrefixListId, CurrentVersion, AddEntry, RemoveEntry}` (a transcription): every group that
 * names the list changes with it. Only entries make a new version (documented).
 */
const prefixListCall =
  (restores: boolean): Decoder =>
  (record) => {
    const block = requestBlock(record);
    const id = block === null ? null : optionalId(block, nameIn(block, 'prefixListId'), 'pl');
    if (block === null || id === null) return everything();
    const current = optionalNumber(block, nameIn(block, 'currentVersion'));
    const [added, removed] = [entriesIn(block, 'addEntry'), entriesIn(block, 'removeEntry')];
    const makes = current !== null && (restores || added.length + removed.length > 0) ? current + 1 : null;
    return asking(
      { kind: 'groups-with-prefix-list', id },
      announcing({ kind: 'prefix list', id, version: makes, added, removed }),
    );
  };

export const modifyPrefixList = prefixListCall(false);
export const restorePrefixList = prefixListCall(true);
