// A gRPC client that runs scripts: one JSON object a line on standard input, what came of it on standard output.
// tests/interop/script.py says what the fields mean.
'use strict';

const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { createInterface } = require('node:readline');
const { parseArgs } = require('node:util');
const grpc = require('@grpc/grpc-js');

const PREFIX = 'case-';
const SHOWN_BYTES = 4096;
const LIMIT = 64 * 1024 * 1024;
const GZIP = 2; // grpc.compressionAlgorithms.gzip

const { values: options } = parseArgs({
  options: { target: { type: 'string' }, roots: { type: 'string', default: '' }, name: { type: 'string', default: '' } },
});

const raw = (bytes) => bytes;
const cancels = new Map();
const clients = new Map();

function client(gzip) {
  // Compression is a property of a channel here; channels with the same options share their connection.
  if (!clients.has(gzip)) {
    const credentials = options.roots
      ? grpc.credentials.createSsl(readFileSync(options.roots))
      : grpc.credentials.createInsecure();
    clients.set(gzip, new grpc.Client(options.target, credentials, {
      'grpc.enable_http_proxy': 0,
      'grpc.max_receive_message_length': LIMIT,
      'grpc.max_send_message_length': LIMIT,
      ...(gzip ? { 'grpc.default_compression_algorithm': GZIP } : {}),
      ...(options.name ? { 'grpc.ssl_target_name_override': options.name } : {}),
    }));
  }
  return clients.get(gzip);
}

function body({ text, size, seed }) {
  if (!size) return Buffer.from(text, 'utf8');
  const period = Buffer.from(Array.from({ length: 256 }, (_, i) => (31 * i + seed) % 256));
  return Buffer.alloc(size, period);
}

function metadataOf(script) {
  const metadata = new grpc.Metadata();
  metadata.add(`${PREFIX}key`, script.key);
  for (const [name, value] of script.metadata) {
    metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'hex') : value);
  }
  return metadata;
}

function outcome(status, received) {
  const hash = createHash('sha256');
  let total = 0;
  for (const each of received) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(each.length);
    hash.update(length).update(each);
    total += each.length;
  }
  const trailers = [];
  for (const name of Object.keys(status.metadata ? status.metadata.getMap() : {})) {
    if (!name.startsWith(PREFIX)) continue;
    const values = status.metadata.get(name).map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : value));
    trailers.push([name, values.join(', ')]);
  }
  return {
    code: status.code,
    message: status.details || '',
    count: received.length,
    bytes: total,
    sha256: hash.digest('hex'),
    texts: total <= SHOWN_BYTES ? received.map((each) => each.toString('latin1')) : [],
    trailers: trailers.sort(),
  };
}

function call(script, onCall) {
  return new Promise((resolve) => {
    const received = [];
    const bodies = [];
    const once = script.messages.map(body);
    for (let i = 0; i < script.repeat; i += 1) bodies.push(...once);
    const settings = script.deadline ? { deadline: Date.now() + script.deadline * 1000 } : {};
    const arguments_ = [script.method, raw, raw];
    const meta = metadataOf(script);
    const channel = client(script.gzip);
    let open;
    const single = (error, answer) => { if (!error) received.push(answer); };
    if (script.kind === 'unary') open = channel.makeUnaryRequest(...arguments_, bodies[0], meta, settings, single);
    if (script.kind === 'client') open = channel.makeClientStreamRequest(...arguments_, meta, settings, single);
    if (script.kind === 'server') open = channel.makeServerStreamRequest(...arguments_, bodies[0], meta, settings);
    if (script.kind === 'bidi') open = channel.makeBidiStreamRequest(...arguments_, meta, settings);
    onCall(open);
    let ended = false;
    let wake = () => {};
    open.on('status', (status) => {
      ended = true;
      wake();
      // The answer of a call with one answer is given right after its status.
      setImmediate(() => resolve(outcome(status, received)));
    });
    open.on('error', () => {}); // its status says the same
    if (script.kind === 'server' || script.kind === 'bidi') {
      open.on('data', (answer) => {
        received.push(answer);
        if (received.length === script.cancel_after) open.cancel();
        wake();
      });
    }
    const waitFor = (condition) => new Promise((go) => {
      wake = () => { if (ended || condition()) { wake = () => {}; go(); } };
      wake();
    });
    async function send() {
      if (script.headers_first) await new Promise((go) => { open.on('metadata', go); open.on('status', go); });
      let sent = 0;
      for (const each of bodies) {
        if (ended) return;
        if (!open.write(each)) await new Promise((go) => { open.once('drain', go); open.once('status', go); });
        sent += 1;
        if (script.lockstep) await waitFor(() => received.length >= sent);
      }
      if (!ended) open.end();
    }
    if (script.kind === 'client' || script.kind === 'bidi') send();
  });
}

async function answer(script) {
  const calls = [];
  cancels.set(script.key, () => calls.forEach((each) => each.cancel()));
  const outcomes = await Promise.all(
    Array.from({ length: script.parallel }, () => call(script, (each) => calls.push(each))));
  const counted = new Map();
  for (const each of outcomes) {
    const text = JSON.stringify(each);
    counted.set(text, (counted.get(text) || 0) + 1);
  }
  const listed = [...counted].map(([text, times]) => ({ ...JSON.parse(text), times }));
  process.stdout.write(`${JSON.stringify({ key: script.key, outcomes: listed })}\n`);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line);
  if (order.run) answer(order.run);
  else if (cancels.has(order.cancel)) cancels.get(order.cancel)();
}).on('close', () => process.exit(0));
