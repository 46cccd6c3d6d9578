// Why there is no grade, in words.

const REASONS: Record<string, string> = {
  no_reference: "no expected answer is known",
  no_response: "there was no answer",
  invalid_number: "the grader gave no valid number",
  truncated: "the answer was cut",
  grader_failed: "the grader failed",
  scoring_failed: "scoring failed",
  timeout: "scored too late",
  rate_limited: "the grader was rate limited",
  injection_suspected: "the answer seems to address the grader",
};

export const reason = (name: string): string => REASONS[name] ?? name;
