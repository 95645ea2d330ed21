/** Numbers and texts that depend on the machine, the clock or the load: only their type is compared. */
const VOLATILE = new Set(
  `starttime endtime pstart pid time localtime ctime snaptime uptime cpu mem memhost freemem disk used avail used_fraction
  netin netout diskread diskwrite wait idle loadavg flags mhz model kversion free cert ticket fingerprint ssl_fingerprint
  digest value_digest balloon actual max_mem total_mem free_mem last_update major_page_faults minor_page_faults
  mem_swapped_in mem_swapped_out release machine trimmed used-bytes total-bytes uid msg port CSRFPreventionToken
  rd_bytes wr_bytes rd_operations wr_operations flush_operations unmap_operations unmap_bytes wr_highest_offset
  rd_total_time_ns wr_total_time_ns flush_total_time_ns unmap_total_time_ns idle_time_ns rx-bytes tx-bytes rx-packets
  tx-packets hvm password idle_time_ns`.split(/\s+/),
);

/** Lists whose order is that of a hash, or none. */
const COMMA_LISTS = new Set(['content']);

/** A value of an answer with all that no two runs share masked. `given` is the request: what it names is compared. */
export function normalize(value: unknown, given: string, key = ''): unknown {
  if (Array.isArray(value)) return normalizeList(value, given, key);
  if (typeof value === 'object' && value !== null) {
    const isBackup = 'content' in value && value.content === 'backup';
    const entries = Object.entries(value)
      .filter(([name]) => (name !== 'total' || key !== '') && name !== 'idle_time_ns')
      .map(([name, inner]): [string, unknown] => [name, isBackup && name === 'size' ? '<number>' : inner]);
    const normal = entries.map(([name, inner]) => [name, normalize(inner, given, name)] as const);
    return Object.fromEntries(normal.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  if (typeof value === 'number' && value > 1e15) return '<number>';
  if (VOLATILE.has(key) && value !== null) return `<${typeof value}>`;
  if (typeof value !== 'string') return value;
  if (COMMA_LISTS.has(key)) return value.split(',').sort().join(',');
  return maskText(value, given);
}

function normalizeList(list: unknown[], given: string, key: string): unknown[] {
  const normal = list.map(item => normalize(item, given, key));
  if (isSeries(list)) return [Object.assign({}, ...normal)];
  if (isLog(list)) return normalizeLog(list as { t: string }[], given);
  return normal.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** Points of a chart: which of them have values depends on when the VM ran. */
function isSeries(list: unknown[]): boolean {
  return list.length > 10 && list.every(item => typeof item === 'object' && item !== null && 'time' in item);
}

function isLog(list: unknown[]): boolean {
  return list.length > 0 && list.every(item => typeof item === 'object' && item !== null && 't' in item && 'n' in item);
}

/** The lines of a log; a run of lines that tell progress counts as one. */
function normalizeLog(lines: { t: string }[], given: string): unknown[] {
  const texts = lines.map(({ t }) => maskText(t, given)).map(text => (PROGRESS.test(text) ? '<progress>' : text));
  return texts.filter((text, index) => text !== '<progress>' || texts[index - 1] !== '<progress>');
}

const PROGRESS =
  /^(?:drive-\w+: )?transferred |^progress \d+%|^total bytes read|^space reduction|^(?:drive-\w+: )?mirror-job|^INFO: +\d+% |^\d[\d.]* \w+ in \d+s$|^completed saving the VM state|^INFO: (?:backup is sparse|archive file size)/;

/** A text without UPIDs, digests, ids and times. */
export function normalizeText(text: string): string {
  return maskText(text, '');
}

function maskText(text: string, given: string): string {
  return sortOptions(text)
    .replaceAll(/UPID:(\w+):[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:/g, 'UPID:$1:…:')
    .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uuid>')
    .replaceAll(/\b[0-9a-f]{40}\b/g, '<sha1>')
    .replaceAll(/\b[0-9a-f]{32}\b/g, '<md5>')
    .replaceAll(/\bBC:24:11(?::[0-9A-F]{2}){3}\b/gi, mac =>
      given.toUpperCase().includes(mac.toUpperCase()) ? mac : '<mac>',
    )
    .replaceAll(/vzdumptmp\d+/g, 'vzdumptmp<pid>')
    .replaceAll(/^\d+:pve1$/g, '<line>')
    .replaceAll(/#1 SMP PREEMPT_DYNAMIC.*/g, '<kernel>')
    .replaceAll(/creation-qemu=[\d.]+,ctime=\d+/g, '<meta>')
    .replaceAll(/\d{4}[-_]\d\d[-_]\d\d[- ]\d\d[:_]\d\d[:_]\d\d/g, '<time>');
}

/** The options in a backup's first line are in no order. */
function sortOptions(text: string): string {
  const [, head, options] = /^(INFO: starting new backup job: vzdump \S+)(.*)$/.exec(text) ?? [];
  if (head === undefined || options === undefined) return text;
  return `${head} ${options.split(' --').sort().join(' --')}`;
}
