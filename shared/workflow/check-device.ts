import type { Records } from '../aws/table/records.ts';
import { NamedError } from '../domain/errors.ts';
import type { Device } from '../panos/firewall.ts';
import type { Settings } from '../runtime/settings.ts';

/**
 * Makes sure that the device that answers is the one the ownership table belongs to. The table belongs to the first one
 * contacted, to those the setting allowed since, and to every peer of a pair that answered beside one of these: no serial is learnt
 * from a device that is not known itself.
 * @throws DifferentFirewall
 */
export const checkDevice = async (device: Device, records: Records, settings: Settings): Promise<void> => {
  const recorded = await records.device();
  const allowed = settings.FIREWALL_SERIALS.length > 0 ? settings.FIREWALL_SERIALS : (recorded?.serials ?? null);
  if (recorded !== null && recorded.vsys !== settings.FIREWALL_VSYS) {
    throw new NamedError(
      'DifferentFirewall',
      `The ownership table belongs to ${recorded.vsys}; the setting FIREWALL_VSYS says ${settings.FIREWALL_VSYS}.`,
    );
  }
  if (allowed !== null && !allowed.includes(device.serial)) {
    throw new NamedError(
      'DifferentFirewall',
      `${device.hostname} has serial ${device.serial}; the ownership table belongs to ${allowed.join(', ')}.`,
    );
  }
  const known = recorded?.serials ?? [];
  const serials = [...new Set([...known, device.serial, ...device.peerSerials])];
  if (serials.length > known.length) await records.putDevice({ serials, vsys: settings.FIREWALL_VSYS }, recorded);
};
