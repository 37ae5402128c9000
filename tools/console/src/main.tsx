import { options, render } from 'preact';

import { App } from './app.tsx';
import { printable } from './model/printable.ts';

// Every text that is shown, whoever wrote it. What is saved stays as it is.
const { vnode: earlier } = options;
options.vnode = (vnode) => {
  earlier?.(vnode);
  const text = vnode as unknown as { type: unknown; props: unknown };
  if (text.type === null && typeof text.props === 'string') text.props = printable(text.props);
};

const root = document.getElementById('app');
if (root) render(<App />, root);
