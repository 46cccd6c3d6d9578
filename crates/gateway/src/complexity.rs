//! How hard a prompt looks, from marks on its surface: length, code, numbers and formulas, words that ask for reasoning,
//! tools and bound output. Cheap and rough on purpose: it is read by policies that route hard prompts to some
//! deployments, with the floor and the scorers behind them.

use memchr::memmem;
use weir_core::route::Features;

/// Words that ask for reasoning.
const REASONING: [&str; 12] = [
    "prove",
    "derive",
    "step by step",
    "analyze",
    "analyse",
    "compare",
    "explain why",
    "trade-off",
    "design",
    "debug",
    "refactor",
    "optimi",
];
/// Read at most this much of a body.
const MOST_BYTES: usize = 32 * 1024;

/// From 0, a short question, to 1.
pub(crate) fn complexity(body: &[u8], features: &Features) -> f64 {
    let text = body.get(..body.len().min(MOST_BYTES)).unwrap_or_default().to_ascii_lowercase();
    let words = REASONING.iter().filter(|word| memmem::find(&text, word.as_bytes()).is_some()).count();
    let code = memmem::find(&text, b"```").is_some() || memmem::find(&text, b"fn ").is_some();
    let formal =
        text.iter().filter(|byte| matches!(byte, b'0'..=b'9' | b'=' | b'+' | b'*' | b'^' | b'<' | b'>')).count();
    let formal_share = formal as f64 / text.len().max(1) as f64;
    // A thousand tokens are half of what length can say.
    let length = features.input_tokens as f64 / (features.input_tokens as f64 + 1_000.0);
    let sum = 0.35 * length
        + 0.2 * (words as f64).min(3.0)
        + 0.2 * f64::from(u8::from(code))
        + 1.5 * formal_share.min(0.2)
        + 0.1 * f64::from(u8::from(features.tools))
        + 0.1 * f64::from(u8::from(features.json_schema));
    sum.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(prompt: &str) -> f64 {
        let features = Features { input_tokens: prompt.len() as u64 / 4, ..Features::default() };
        complexity(prompt.as_bytes(), &features)
    }

    #[test]
    fn a_greeting_is_easy_and_a_proof_is_hard() {
        assert!(of("hello, how are you?") < 0.2);
        assert!(of("Prove step by step that x^2 + 3*x = 10 has two roots, then compare both methods.") > 0.5);
        assert!(of(&"Explain why this fails. Debug it: ```fn main() {}```".repeat(200)) > 0.7);
    }
}
