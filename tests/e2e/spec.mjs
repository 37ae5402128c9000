// schemas/openapi.yaml and schemas/asyncapi.yaml, as they are checked by the tests.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import YAML from 'yaml';

import { request } from './stations.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const source = (path) => readFileSync(join(root, path), 'utf8');

/** The C++ sources below a folder, by path. */
export function sources(folder) {
  const files = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  return files
    .filter((file) => file.isFile() && /\.[ch]pp$/.test(file.name))
    .map((file) => readFileSync(join(file.parentPath ?? file.path, file.name), 'utf8'));
}

export const openapi = YAML.parse(source('schemas/openapi.yaml'));
export const asyncapi = YAML.parse(source('schemas/asyncapi.yaml'));

const BASE = 'https://callstate.invalid/schemas';
const ajv = new Ajv2020({
  strict: true,
  strictTypes: false,
  strictRequired: false,
  allErrors: true,
});
addFormats(ajv);
// What stands beside the schemas.
ajv.addVocabulary([...new Set([openapi, asyncapi].flatMap(Object.keys))]);
ajv.addSchema(openapi, `${BASE}/openapi.yaml`);
ajv.addSchema(asyncapi, `${BASE}/asyncapi.yaml`);

const escaped = (key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));

/** The validator of the schema at this place of `openapi.yaml` or `asyncapi.yaml`. */
export function schemaAt(file, ...keys) {
  const at = ajv.getSchema(`${BASE}/${file}#/${keys.map(escaped).join('/')}`);
  assert.ok(at, `${file} has nothing at ${keys.join(' / ')}`);
  return at;
}

/** Why the value is not of the schema; nothing when it is. */
export function faultOf(validate, value) {
  if (validate(value)) return undefined;
  return `${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`;
}

export function assertValid(validate, value, what) {
  const fault = faultOf(validate, value);
  assert.equal(fault, undefined, `${what}: ${fault}`);
}

/** Follows a `$ref` within the file, where there is one. */
export function follow(document, value) {
  if (typeof value?.$ref !== 'string') return { value };
  const keys = value.$ref.split('/').slice(1);
  return { keys, value: keys.reduce((at, key) => at[key], document) };
}

const params = {
  room: 'r',
  user: 'u',
  name: '1',
  call: '01976f00-0000-7000-8000-000000000000',
  id: 'evt_0',
  projection: 'index',
};
/** Every operation of openapi.yaml, with a path that it takes. */
export const operations = Object.entries(openapi.paths).flatMap(([path, item]) =>
  ['get', 'post', 'delete']
    .filter((method) => item[method])
    .map((method) => ({
      method: method.toUpperCase(),
      path,
      target: path.replace(/\{(\w+)\}/g, (_, name) => params[name]),
      responses: item[method].responses,
      body: item[method].requestBody,
      parameters: (item[method].parameters ?? []).map((each) => follow(openapi, each).value),
    })),
);

/** Every `$ref` in a document, with where it is. */
export function* references(value, place = '#') {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    if (key === '$ref' && typeof each === 'string') yield { place, to: each };
    yield* references(each, `${place}/${key}`);
  }
}

/** `{kind}.{type}` of every message of a kind: client, event or answer. */
export const typesOf = (kind) =>
  Object.keys(asyncapi.components.messages)
    .filter((name) => name.startsWith(`${kind}.`))
    .map((name) => name.slice(kind.length + 1));

const kinds = new Map();
for (const kind of ['event', 'answer']) for (const type of typesOf(kind)) kinds.set(type, kind);

/** Checks one message of the server's by the schema of its type. */
export function assertMessage(message) {
  const kind = kinds.get(message.type);
  assert.ok(kind, `asyncapi.yaml has no message of this type: ${JSON.stringify(message)}`);
  const validate = schemaAt('asyncapi.yaml', 'components', 'schemas', `${kind}.${message.type}`);
  assertValid(validate, message, message.type);
}

// What any path may answer, whatever else it does.
const ANYWHERE = { 405: 'MethodNotAllowed', 426: 'UpgradeRequired', 431: 'HeadTooLarge' };

/** Asks by HTTP, and holds each answer against openapi.yaml. */
export class Asker {
  constructor(server) {
    this.server = server;
    this.answered = new Map(); // statuses by `method path`
  }

  /** `path` as the document has it; gives {status, headers, text, json}. */
  async ask(method, path, { params = {}, query = {}, ...options } = {}) {
    let target = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name]));
    const search = new URLSearchParams(query).toString();
    if (search) target += `?${search}`;
    const answer = await request(this.server, method, target, options);
    this.check(method, path, answer);
    return answer;
  }

  check(method, path, { status, headers, text, json }) {
    const name = `${method} ${path}`;
    const where = `${name} was answered ${status}`;
    this.answered.set(name, (this.answered.get(name) ?? new Set()).add(status));
    let keys = ['paths', path, method.toLowerCase(), 'responses', String(status)];
    let response = keys.reduce((at, key) => at?.[key], openapi);
    if (!response) {
      assert.ok(ANYWHERE[status], `${where}, which is not documented: ${text}`);
      keys = ['components', 'responses', ANYWHERE[status]];
      response = openapi.components.responses[ANYWHERE[status]];
    }
    const followed = follow(openapi, response);
    if (followed.keys) ({ keys, value: response } = followed);

    for (const [field, { required }] of Object.entries(response.headers ?? {})) {
      const value = headers[field.toLowerCase()];
      if (required) assert.ok(value !== undefined, `${where} without ${field}`);
      if (value === undefined) continue;
      assertValid(schemaAt('openapi.yaml', ...keys, 'headers', field, 'schema'), value, where);
    }
    if (!response.content) {
      assert.equal(text, '', where);
      assert.equal(headers['content-type'], undefined, where);
      return;
    }
    const type = (headers['content-type'] ?? '').split(';')[0];
    assert.ok(response.content[type], `${where} with a body of the type ${type}`);
    if (text === undefined) return; // a stream
    const schema = schemaAt('openapi.yaml', ...keys, 'content', type, 'schema');
    assertValid(schema, /json$/.test(type) ? json : text, where);
  }
}

/** The schema that a `$ref` of either document leads to. */
const resolved = (schema) => {
  if (typeof schema?.$ref !== 'string') return schema;
  const [file, pointer] = schema.$ref.split('#/');
  const keys = pointer.split('/').map((key) => key.replaceAll('~1', '/'));
  // What asyncapi.yaml refers to within itself is looked for there by its name.
  const document = file.includes('openapi') ? openapi : asyncapi;
  const found = (from) => keys.reduce((at, key) => at?.[key], from);
  return resolved(found(file === '' ? openapi : document) ?? found(asyncapi));
};

/**
 * The fields of a request's body and their kinds, and those that have to be there; of
 * a message, those of its type.
 */
export function propertiesOf(body, type) {
  const { schema } = body.content['application/json'];
  const top = type ? asyncapi.components.schemas[`client.${type}`] : resolved(schema);
  const all = [top, ...(top.allOf ?? []).map(resolved)];
  const properties = Object.assign({}, ...all.map((each) => each.properties));
  for (const [name, each] of Object.entries(properties)) properties[name] = resolved(each);
  return { properties, required: all.flatMap((each) => each.required ?? []) };
}
