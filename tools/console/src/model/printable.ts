// Controls but for those that space out text, and marks that reorder what stands around
// them: by these a name could look like another, or turn a sentence round.
const harmful =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** As it can be shown, like the tools of the command line do. */
export const printable = (text: string) => text.replace(harmful, '\ufffd');
