import { useEffect, useState } from 'preact/hooks';

import { ApiError, health } from '../api/client.ts';
import type { Projection, ProjectionJob } from '../api/wire.ts';
import { useClient } from '../context.ts';
import { clock, moment, msOf, span } from '../model/time.ts';
import { messageOf, Notice } from '../parts/state.tsx';

const look_ms = 2_000;

interface Looked {
  at: number;
  alive: boolean;
  ready: boolean;
  readiness: string;
  projections: Projection[] | undefined;
  why: string; // there are none
}

function explain(error: unknown): string {
  if (error instanceof ApiError && error.status === 404) return 'This server keeps no projections.';
  return messageOf(error);
}

const words: Record<string, string> = {
  index: 'The index of past calls, which this console reads',
  postgres: 'Rows in PostgreSQL',
  webhooks: 'Webhooks that are to be sent',
};

/** For who is not told what it was, since that may name other tenants' calls. */
const troubles: Record<string, string> = {
  passing: 'it passes by itself, and is tried again',
  lasting: 'it lasts until somebody mends it; what it is, is told to the role SERVICE',
  poison: 'a record cannot be applied; why, is told to the role SERVICE',
};

const number = (value: number) => value.toLocaleString('en-GB');

function Light({ good, children }: { good: boolean; children: string }) {
  return <span class={`light ${good ? 'good' : 'bad'}`}>{children}</span>;
}

function Job({ name, job }: { name: string; job: ProjectionJob | undefined }) {
  if (!job) return null;
  const { done, total, step } = job.progress;
  const part = total > 0 ? `, ${Math.floor((done / total) * 100)} %` : '';
  return (
    <p class="help">
      {name}: {job.state}
      {job.state === 'running' ? `, ${step}${part}` : ''} since {moment(msOf(job.startedAt))}
      {job.error ? `: ${job.error}` : ''}
    </p>
  );
}

function ProjectionCard({ each }: { each: Projection }) {
  const part = each.head > 0 ? Math.min(1, each.position / each.head) : 1;
  const good = each.state === 'following' || each.state === 'catching_up';
  return (
    <li class="card">
      <div class="card-title">
        <h3>{each.name}</h3>
        <Light good={good}>{each.state.replaceAll('_', ' ')}</Light>
      </div>
      <p class="help">{words[each.name] ?? ''}</p>
      <progress
        max={1}
        value={part}
        aria-label={`${each.name} has read ${Math.floor(part * 100)} % of the log`}
      />
      <dl class="facts">
        <div>
          <dt>Behind</dt>
          <dd>
            {each.lagRecords === 0
              ? 'nothing'
              : `${number(each.lagRecords)} ${each.lagRecords === 1 ? 'record' : 'records'}, ${span(each.lagSeconds * 1000)}`}
          </dd>
        </div>
        <div>
          <dt>Position</dt>
          <dd>
            {number(each.position)} of {number(each.head)}
          </dd>
        </div>
        <div>
          <dt>Since</dt>
          <dd>{each.since ? moment(msOf(each.since)) : ''}</dd>
        </div>
        <div>
          <dt>Retries, skipped</dt>
          <dd>
            {number(each.retries)}, {number(each.skipped.length)}
          </dd>
        </div>
      </dl>
      {each.trouble ? (
        <p class={good ? 'help' : 'trouble'}>
          {moment(msOf(each.trouble.at))}
          {good ? ', over since' : ''}: {each.trouble.message ?? troubles[each.trouble.kind]}
        </p>
      ) : null}
      <Job name="Rebuild" job={each.rebuild} />
      <Job name="Verification" job={each.verify} />
    </li>
  );
}

export function ServerPage() {
  const client = useClient();
  const [looked, setLooked] = useState<Looked>();
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      const [alive, ready, projections] = await Promise.all([
        health('/healthz'),
        health('/readyz'),
        client.projections().catch((error: unknown) => explain(error)),
      ]);
      if (gone) return;
      const none = typeof projections === 'string';
      setLooked({
        at: Date.now(),
        alive: alive.ok,
        ready: ready.ok,
        readiness: ready.text,
        projections: none ? undefined : projections,
        why: none ? projections : '',
      });
      timer = setTimeout(() => void look(), look_ms);
    };
    void look();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [client]);

  return (
    <div class="page">
      <div class="title">
        <h1>Server</h1>
        <span class="count">{looked ? `looked at ${clock(looked.at)} UTC` : 'looking…'}</span>
      </div>
      {looked ? (
        <>
          <ul class="cards">
            <li class="card">
              <div class="card-title">
                <h3>Process</h3>
                <Light good={looked.alive}>{looked.alive ? 'answers' : 'does not answer'}</Light>
              </div>
              <p class="help">
                <code>/healthz</code>
              </p>
            </li>
            <li class="card">
              <div class="card-title">
                <h3>Service</h3>
                <Light good={looked.ready}>{looked.ready ? 'ready' : 'not ready'}</Light>
              </div>
              <p class="help">
                {looked.ready
                  ? 'Recovered, and its disk has room: calls are taken.'
                  : `It starts, stops, or its disk is full: ${looked.readiness}.`}
              </p>
            </li>
          </ul>
          <h2>Made from the log</h2>
          {looked.projections ? (
            <ul class="cards">
              {looked.projections.map((each) => (
                <ProjectionCard key={each.name} each={each} />
              ))}
            </ul>
          ) : (
            <Notice title="Not shown.">{looked.why}</Notice>
          )}
        </>
      ) : null}
    </div>
  );
}
