// Bytes to the server, and what comes back, without a client's good manners.
import { connect } from 'node:net';

/** Reads the responses in `bytes`; `bodiless` of them, from the first, answer HEAD. */
function parse(bytes, bodiless) {
  const responses = [];
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return responses;
    const [line, ...fields] = bytes.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(
      fields.map((field) => [
        field.slice(0, field.indexOf(':')).toLowerCase(),
        field.slice(field.indexOf(':') + 1).trim(),
      ]),
    );
    const status = Number(line.split(' ')[1]);
    const hasBody = status >= 200 && responses.length >= bodiless;
    const size = hasBody ? Number(headers['content-length'] ?? 0) : 0;
    if (bytes.length < end + 4 + size) return responses;
    const text = bytes.subarray(end + 4, end + 4 + size).toString();
    const isJson = /json/.test(headers['content-type'] ?? '') && text !== '';
    responses.push({ status, headers, text, json: isJson ? JSON.parse(text) : undefined });
    bytes = bytes.subarray(end + 4 + size);
  }
}

/** A request as text, whatever is wrong with it. */
export function packet(line, { token, fields = [], body = '' } = {}) {
  const head = [
    `${line} HTTP/1.1`,
    'Host: x',
    ...(token ? [`Authorization: Bearer ${token}`] : []),
    ...fields,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/**
 * Sends the text in one piece, and `drip` again and again. Gives the responses, and
 * whether the server closed, once it has closed or `count` of them are here.
 */
export function exchange(server, text, { count = Infinity, bodiless = 0, drip } = {}) {
  const { hostname, port } = new URL(server.http);
  return new Promise((done) => {
    let received = Buffer.alloc(0);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    const dripping = drip && setInterval(() => socket.write(drip), 20);
    const finish = (closed) => {
      clearInterval(dripping);
      socket.destroy();
      done({ responses: parse(received, bodiless), closed });
    };
    // A server that has answered may reset what goes on sending.
    socket.on('error', () => {}).on('close', () => finish(true));
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      if (parse(received, bodiless).length >= count) finish(false);
    });
    socket.on('end', () => finish(true));
  });
}
