// Prometheus' text format, read strictly.
import assert from 'node:assert/strict';

const NAME = /^[a-z_:][a-z0-9_:]*$/;
const SAMPLE = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\\n]|\\.)*)"(?:,|$)/y;

function readLabels(text) {
  const labels = {};
  for (LABEL.lastIndex = 0; LABEL.lastIndex < text.length; ) {
    const label = LABEL.exec(text);
    assert.ok(label, `no labels: ${text}`);
    assert.ok(!(label[1] in labels), `a label twice: ${text}`);
    labels[label[1]] = label[2];
  }
  return labels;
}

function readNumber(text) {
  const number = { '+Inf': Infinity, '-Inf': -Infinity, NaN: NaN }[text] ?? Number(text);
  assert.ok(text === 'NaN' || !Number.isNaN(number), `no number: ${text}`);
  return number;
}

function checkHistogram(name, samples) {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const count = samples.find((sample) => sample.name === `${name}_count`).value;
  const sum = samples.find((sample) => sample.name === `${name}_sum`).value;
  assert.equal(samples.length, buckets.length + 2, name);
  const bounds = buckets.map(({ labels }) => readNumber(labels.le));
  assert.equal(bounds.at(-1), Infinity, `${name} has no +Inf`);
  assert.equal(buckets.at(-1).value, count, `${name}: +Inf is not the count`);
  for (let i = 1; i < buckets.length; ++i) {
    assert.ok(bounds[i] > bounds[i - 1], `${name}: the bounds do not rise`);
    assert.ok(buckets[i].value >= buckets[i - 1].value, `${name} is not cumulative`);
  }
  assert.ok(count > 0 ? sum > 0 : sum === 0, `${name}: a sum of ${sum} of ${count}`);
}

/** The families by name: {type, help, samples: [{name, labels, value}]}. */
export function parse(text) {
  assert.ok(text.endsWith('\n'), 'no newline at the end');
  const families = new Map();
  let name;
  for (const line of text.trimEnd().split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment?.[1] === 'HELP') {
      name = comment[2];
      assert.match(name, NAME);
      assert.ok(!families.has(name), `${name} comes twice`);
      families.set(name, { help: comment[3], samples: [] });
    } else if (comment) {
      assert.equal(comment[2], name, 'a TYPE without its HELP');
      assert.ok(!families.get(name).type, `${name} has two types`);
      families.get(name).type = comment[3];
    } else {
      const sample = SAMPLE.exec(line);
      assert.ok(sample, `no line of the format: ${line}`);
      const { type, samples } = families.get(name);
      const suffix = type === 'histogram' ? '(_bucket|_sum|_count)' : '';
      assert.match(sample[1], new RegExp(`^${name}${suffix}$`), `${line} is not of ${name}`);
      samples.push({
        name: sample[1],
        labels: readLabels(sample[2] ?? ''),
        value: readNumber(sample[3]),
      });
    }
  }
  for (const [family, { type, samples }] of families) {
    assert.match(type, /^(counter|gauge|histogram)$/, family);
    assert.equal(type === 'counter', family.endsWith('_total'), `${family} is a ${type}`);
    const told = samples.map(({ name: of, labels }) => of + JSON.stringify(labels));
    assert.equal(new Set(told).size, told.length, `${family} has a sample twice`);
    if (type === 'histogram') checkHistogram(family, samples);
    else for (const { value } of samples) assert.ok(value >= 0, `${family} is ${value}`);
  }
  return families;
}

/** The value of the one sample that has these labels. */
export function valueOf(families, name, labels = {}) {
  const found = families
    .get(name.replace(/_(bucket|sum|count)$/, ''))
    .samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  assert.equal(found.length, 1, `${name} ${JSON.stringify(labels)}: ${found.length} samples`);
  return found[0].value;
}

/** What a query asks for: metrics, with the labels and values that it picks them by. */
export function selectors(query) {
  return [...query.matchAll(/\b((?:callstate|process)_[a-z0-9_]+)(?:\{([^}]*)\})?/g)].map(
    ([, name, picked]) => ({
      name,
      picked: [...(picked ?? '').matchAll(/(\w+)(=|!=|=~|!~)"([^"]*)"/g)]
        .filter(([, , how]) => how === '=' || how === '!=')
        .map(([, label, , value]) => [label, value]),
    }),
  );
}
