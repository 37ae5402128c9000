import type { Call, CallEvent, CallPage, EventPage, Projection, RoomState } from './wire.ts';

/** What went wrong, in a sentence for who sits in front of it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The server does not answer at all. */
export const isUnreachable = (error: unknown) => error instanceof ApiError && error.status === 0;

export interface Filter {
  user?: string;
  room?: string;
  state?: string;
  from?: string;
  to?: string;
}

const page_calls = 50;
const page_events = 200;
const strands_max = 4;

async function problemOf(response: Response): Promise<ApiError> {
  let code = '';
  let detail = '';
  try {
    const problem = (await response.json()) as { code?: string; detail?: string };
    code = problem.code ?? '';
    detail = problem.detail ?? '';
  } catch {
    // No problem+json: a proxy's own page.
  }
  return new ApiError(response.status, code, detail || `the server answered ${response.status}`);
}

/** Reads with one token. Nothing here changes anything on the server. */
export class Client {
  constructor(
    private readonly token: string,
    /** The token counts no longer. */
    private readonly onRefused: (error: ApiError) => void = () => {},
  ) {}

  async open(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(path, {
        ...init,
        cache: 'no-store',
        credentials: 'omit',
        headers: { ...init.headers, Authorization: `Bearer ${this.token}` },
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new ApiError(0, '', 'the server cannot be reached');
    }
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.status === 401) this.onRefused(problem);
    throw problem;
  }

  private async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    const response = await this.open(path, signal ? { signal } : {});
    return (await response.json()) as T;
  }

  calls(filter: Filter, options: { limit?: number; after?: string; signal?: AbortSignal } = {}) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(filter)) if (value) query.set(name, value);
    query.set('limit', String(options.limit ?? page_calls));
    if (options.after) query.set('after', options.after);
    return this.get<CallPage>(`/v1/calls?${query}`, options.signal);
  }

  call(id: string, signal?: AbortSignal) {
    return this.get<Call>(`/v1/calls/${encodeURIComponent(id)}`, signal);
  }

  private eventPage(id: string, after: number, signal?: AbortSignal) {
    const query = `limit=${page_events}${after > 0 ? `&after=${after}` : ''}`;
    return this.get<EventPage>(`/v1/calls/${encodeURIComponent(id)}/events?${query}`, signal);
  }

  /** The call's events behind a position: the first page as it comes, then all others.
   * These are asked for from several places at a time; `upto` is about where they end. */
  async *events(id: string, after: number, upto: number, signal?: AbortSignal) {
    const first = await this.eventPage(id, after, signal);
    yield first.events;
    if (first.next === null) return;
    const from = first.next;
    const strands = Math.min(strands_max, Math.max(1, Math.ceil((upto - from) / page_events)));
    const bound = (strand: number) =>
      strand < strands ? from + Math.floor(((upto - from) * strand) / strands) : Infinity;
    const parts = await Promise.all(
      Array.from({ length: strands }, (_, strand) =>
        this.strand(id, bound(strand), bound(strand + 1), signal),
      ),
    );
    yield parts.flat();
  }

  /** Events behind a position, up to another. */
  private async strand(id: string, after: number, upto: number, signal?: AbortSignal) {
    const found: CallEvent[] = [];
    for (let next: number | null = after; next !== null && next < upto;) {
      const page: EventPage = await this.eventPage(id, next, signal);
      for (const event of page.events) if (event.pos <= upto) found.push(event);
      next = page.next;
    }
    return found;
  }

  roomState(room: string, pos: number, signal?: AbortSignal) {
    return this.get<RoomState>(`/v1/rooms/${encodeURIComponent(room)}/state?at=${pos}`, signal);
  }

  async projections(): Promise<Projection[]> {
    return (await this.get<{ projections: Projection[] }>('/v1/projections')).projections;
  }

  /** Whether the role reads everything of its tenant. No token says its role in a way
   * that holds for every server; that it may ask for somebody else's calls does. */
  async readsAll(self: string): Promise<boolean> {
    const somebody = self === 'callstate-console' ? 'callstate-console-2' : 'callstate-console';
    try {
      await this.calls({ user: somebody }, { limit: 1 });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return false;
      throw error;
    }
  }
}

/** Health needs no token. */
export async function health(path: '/healthz' | '/readyz'): Promise<{ ok: boolean; text: string }> {
  try {
    const response = await fetch(path, { cache: 'no-store', credentials: 'omit' });
    return { ok: response.ok, text: (await response.text()).trim() };
  } catch {
    return { ok: false, text: 'unreachable' };
  }
}
