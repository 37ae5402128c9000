import { useEffect, useState } from 'preact/hooks';

// Where in the console, by the URL's fragment: it never goes over the network.

export interface Route {
  page: 'live' | 'calls' | 'call' | 'server';
  id: string;
  query: URLSearchParams;
}

export function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [first = '', id = ''] = path.split('/').map(decodeURIComponent);
  const found = { query: new URLSearchParams(query), id };
  if (first === 'calls') return { page: id ? 'call' : 'calls', ...found };
  if (first === 'server') return { page: 'server', ...found };
  return { page: 'live', ...found };
}

export const callPath = (id: string) => `#/calls/${encodeURIComponent(id)}`;

export function callsPath(query: Record<string, string | undefined>) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return text ? `#/calls?${text}` : '#/calls';
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parse(location.hash));
  useEffect(() => {
    const look = () => setRoute(parse(location.hash));
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, []);
  return route;
}
