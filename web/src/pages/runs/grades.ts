// Grades of one item's answers, and what differs between two texts.
import type { RunItem } from "../../api/types";

type Answer = RunItem["answers"][number];

/** Mean of the first scorer's grades over trials; `null` without any. */
export function mean(answers: Answer[]): number | null {
  const grades = answers.flatMap((answer) => {
    const value = answer.scores.find((score) => score.value !== null)?.value;
    return value === null || value === undefined ? [] : [value];
  });
  return grades.length === 0 ? null : grades.reduce((sum, value) => sum + value, 0) / grades.length;
}

export interface Piece {
  text: string;
  /** Only in this text. */
  own: boolean;
}
/** Longer texts are compared by their beginning: the table grows with the product of both lengths. */
const WORDS = 400;

/** The words of `text` that are not in `other`, by their longest common subsequence. */
export function differs(text: string, other: string): Piece[] {
  const [a, b] = [text, other].map((each) => each.split(/(\s+)/).filter(Boolean)) as [string[], string[]];
  const [own, theirs] = [a.slice(0, WORDS), b.slice(0, WORDS)];
  const table = Array.from({ length: own.length + 1 }, () => new Uint16Array(theirs.length + 1));
  for (let i = own.length - 1; i >= 0; i--) {
    for (let j = theirs.length - 1; j >= 0; j--) {
      const [row, next] = [table[i], table[i + 1]];
      if (row && next) row[j] = own[i] === theirs[j] ? (next[j + 1] ?? 0) + 1 : Math.max(next[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  const pieces: Piece[] = [];
  const add = (word: string, mine: boolean) => {
    const last = pieces.at(-1);
    if (last && last.own === mine) last.text += word;
    else pieces.push({ text: word, own: mine });
  };
  let j = 0;
  own.forEach((word, i) => {
    while (j < theirs.length && word !== theirs[j] && (table[i]?.[j + 1] ?? 0) >= (table[i + 1]?.[j] ?? 0) && (table[i]?.[j + 1] ?? 0) > 0)
      j++;
    if (word === theirs[j]) {
      add(word, false);
      j++;
    } else add(word, true);
  });
  const rest = a.slice(WORDS).join("");
  if (rest) add(rest, false);
  return pieces;
}
