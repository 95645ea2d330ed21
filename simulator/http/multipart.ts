/** A file that came with `multipart/form-data`, and the fields before it. */
export interface Upload {
  fields: Record<string, string>;
  filename: string;
  data: Buffer;
}

/** The boundary of a multipart content type; undefined if it is another type. */
export function boundaryOf(contentType: string): string | undefined {
  if (!/^multipart\/form-data\s*;/.test(contentType)) return undefined;
  return /boundary\s*=\s*([^\s;,]+)/.exec(contentType)?.[1];
}

/** The fields that the server looks for, in the only order that it understands. */
const ORDER = ['content', 'checksum-algorithm', 'checksum'];

/** Reads an upload; undefined if the parts are not as PVE::APIServer::AnyEvent wants them: the file last, the checksum after its algorithm. */
export function readUpload(body: Buffer, boundary: string): Upload | undefined {
  const fields: Record<string, string> = {};
  let last = -1;
  for (const part of parts(body, boundary)) {
    const headEnd = part.indexOf('\r\n\r\n');
    const head = part.subarray(0, Math.max(0, headEnd)).toString('utf8');
    const data = part.subarray(headEnd + 4);
    const name = /; name="(.*?)"/.exec(head)?.[1] ?? '';
    const filename = /; filename="([^"]+)"/.exec(head)?.[1];
    if (filename !== undefined) return name === 'filename' ? { fields, filename, data } : undefined;
    const position = ORDER.indexOf(name);
    if (position < last) return undefined;
    last = position;
    fields[name] = data.toString('utf8').trim();
  }
  return undefined;
}

function* parts(body: Buffer, boundary: string): Generator<Buffer> {
  const delimiter = Buffer.from(`--${boundary}`);
  let start = body.indexOf(delimiter);
  while (start >= 0) {
    const from = start + delimiter.length + 2;
    const end = body.indexOf(delimiter, from);
    if (end < 0) return;
    yield body.subarray(from, end - 2);
    start = end;
  }
}
