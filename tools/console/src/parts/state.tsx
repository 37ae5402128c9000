import { statusWords } from '../model/words.ts';

/** A call's state, or what became of it. */
export function StateBadge({ status }: { status: string }) {
  return <span class={`badge is-${status.toLowerCase()}`}>{statusWords[status] ?? status}</span>;
}

/** What is not there, in place of what would be. */
export function Notice(props: { kind?: 'bad' | 'plain'; title: string; children?: unknown }) {
  return (
    <div
      class={`notice ${props.kind ?? 'plain'}`}
      role={props.kind === 'bad' ? 'alert' : undefined}
    >
      <strong>{props.title}</strong>
      {props.children ? <p>{props.children as string}</p> : null}
    </div>
  );
}

export const messageOf = (error: unknown) =>
  error instanceof Error ? error.message : String(error);
