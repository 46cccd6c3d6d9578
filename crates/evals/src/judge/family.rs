//! Families of models: those that are trained by the same house judge each other too kindly.

/// Beginnings of the words of a model's name, and whose they are.
const NAMES: &[(&str, &str)] = &[
    ("gpt", "openai"),
    ("chatgpt", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("openai", "openai"),
    ("claude", "anthropic"),
    ("anthropic", "anthropic"),
    ("gemini", "google"),
    ("gemma", "google"),
    ("google", "google"),
    ("llama", "meta"),
    ("meta", "meta"),
    ("mistral", "mistral"),
    ("mixtral", "mistral"),
    ("ministral", "mistral"),
    ("magistral", "mistral"),
    ("codestral", "mistral"),
    ("qwen", "alibaba"),
    ("qwq", "alibaba"),
    ("deepseek", "deepseek"),
    ("grok", "xai"),
    ("command", "cohere"),
    ("cohere", "cohere"),
    ("phi", "microsoft"),
    ("nova", "amazon"),
    ("titan", "amazon"),
    ("kimi", "moonshot"),
    ("moonshot", "moonshot"),
    ("glm", "zhipu"),
    ("nemotron", "nvidia"),
    ("sim", "sim"),
];

/// The family of a model or deployment by its name, the model's own words before the provider's: `azure/gpt-5` is
/// `openai`, and so is `groq/openai/gpt-oss`. `None` for a name that says nothing, such as an alias.
#[must_use]
pub fn family(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    // A distilled model names both houses; the first of the model's own part built on the other.
    let model = lower.rsplit('/').next().unwrap_or(&lower);
    let own = model.split(|c: char| !c.is_ascii_alphanumeric());
    own.chain(words).find_map(|word| {
        let known = |(start, _): &&(&str, &str)| {
            // `o1` is a name of its own; `llama3` and `gpt5` carry a number.
            word == *start
                || word.strip_prefix(start).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        NAMES.iter().find(known).map(|(_, house)| *house)
    })
}

/// Whether two names are known to be of one family.
#[must_use]
pub fn related(a: &str, b: &str) -> bool {
    family(a).is_some_and(|house| family(b) == Some(house))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_by_the_models_name() {
        for (name, house) in [
            ("azure/gpt-4o-mini", Some("openai")),
            ("groq/llama3-70b", Some("meta")),
            ("bedrock/anthropic.claude-sonnet-4", Some("anthropic")),
            ("o1-mini", Some("openai")),
            ("prod/fast", None),
            ("weir/judges", None),
            ("metallic/one", None),
        ] {
            assert_eq!(family(name), house, "{name}");
        }
        assert!(related("openai/gpt-5", "azure/o3") && !related("prod/fast", "prod/slow"));
    }
}
