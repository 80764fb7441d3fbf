const longestShown = 2000;

// Elements of a configuration that hold secrets, as a reply that could not be read might show them.
const secretElements = /<(key|private-key|phash|password|passphrase|secret|auth-key|bind-password)(\s[^>]*)?>[^<]*/gi;

/**
 * A text without the API key in any of the forms it may be echoed in, and without secret elements of a configuration.
 * An expired key is echoed by the firewall ("Key Expired: … has expired", HTTP 400, captured), also when the key has
 * been renewed in between and is not the one known here.
 */
export const redact = (text: string, key: string): string => {
  let shown = text;
  if (key !== '') {
    const forms = new Set([
      key,
      encodeURIComponent(key),
      new URLSearchParams({ key }).toString().slice('key='.length),
      key.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
      Buffer.from(key, 'utf8').toString('base64'),
    ]);
    for (const form of forms) shown = shown.replaceAll(form, '[API-key]');
  }
  return shown
    .replace(/Key Expired:\s*\S+/gi, 'Key Expired: [API-key]')
    .replace(
      secretElements,
      (_, name: string, attributes: string | undefined) => `<${name}${attributes ?? ''}>[secret]`,
    );
};

/** A reply as a message may show it: redacted first, then cut, so that no half of a key is left. */
export const shownReply = (text: string, key: string): string => {
  const safe = redact(text, key);
  return safe.length <= longestShown ? safe : `${safe.slice(0, longestShown)}… (${safe.length} characters in all)`;
};
