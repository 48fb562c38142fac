/** What can turn, hide or break the text around it: bidi overrides and isolates, controls, separators, tags. */
const HARMFUL = /[\p{Cc}\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const NOTHING_TO_SEE = /^[\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800\ufffd]*$/u;
/** No script needs more than four marks on a letter; a tower of them would paint over the lines above. */
const TOWER = /(\p{M}{4})\p{M}+/gu;

/** Text from outside, as it may be shown: what would disturb the page is made visible instead. */
export const harmless = (text: string): string =>
  text
    .replace(/[\t\r\n]+/g, ' ')
    .replace(HARMFUL, '\ufffd')
    .replace(TOWER, '$1');

/** Words from outside (names, descriptions), kept apart from the direction of ours. */
export function Words({ of, or = 'without a name' }: { of: string; or?: string }) {
  return <bdi>{NOTHING_TO_SEE.test(of) ? or : harmless(of)}</bdi>;
}

/** A host, an address or a code: always read from left to right. */
export function Code({ of }: { of: string }) {
  return (
    <bdi dir="ltr" class="code">
      {harmless(of)}
    </bdi>
  );
}
