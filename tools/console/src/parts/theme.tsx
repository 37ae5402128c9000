import { useLayoutEffect, useState } from 'preact/hooks';

// Light, dark, or as the system has it.

const key = 'callstate.theme';
const themes = ['auto', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];
const words: Record<Theme, string> = { auto: 'as the system', light: 'light', dark: 'dark' };

function kept(): Theme {
  try {
    return themes.find((theme) => theme === localStorage.getItem(key)) ?? 'auto';
  } catch {
    return 'auto';
  }
}

const paths: Record<Theme, string> = {
  auto: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
  light:
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2',
  dark: 'M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z',
};

export function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(kept);
  // Before it is painted: no flash of the other colours.
  useLayoutEffect(() => {
    const root = document.documentElement;
    if (theme === 'auto') root.removeAttribute('data-theme');
    else root.setAttribute('data-theme', theme);
    try {
      localStorage.setItem(key, theme);
    } catch {
      // Then it holds for this page alone.
    }
  }, [theme]);
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto';
  return (
    <button
      type="button"
      class="icon-button"
      title={`Colours: ${words[theme]}`}
      aria-label={`Colours: ${words[theme]}. Change to ${words[next]}`}
      onClick={() => setTheme(next)}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={paths[theme]} class={theme === 'auto' ? 'half' : ''} />
      </svg>
    </button>
  );
}
