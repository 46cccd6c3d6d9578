//! Gemini's paths, which say what others put into the body: `models/{model}:{verb}`, and `alt=sse` for events.

use weir_core::{Problem, error};
use weir_providers::exchange::Entry;

/// What is asked of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `generateContent` and `streamGenerateContent`.
    Generate,
    /// `countTokens`.
    Count,
    /// `embedContent` and `batchEmbedContents`.
    Embed,
}

/// Reads the path, `models/` in front or not: clients leave it out where the model's name has a slash.
///
/// # Errors
/// W0105 for an unknown verb or none.
pub(crate) fn call(path: &str, query: Option<&str>) -> Result<(Verb, Entry), Problem> {
    let (model, verb) = path.rsplit_once(':').unwrap_or((path, ""));
    let model = model.strip_prefix("models/").unwrap_or(model);
    let embed = |batch| Ok((Verb::Embed, Entry::EmbedContent { model: model.to_owned(), batch }));
    let sse = query.is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
    let (verb, stream) = match verb {
        "generateContent" => (Verb::Generate, false),
        "streamGenerateContent" => (Verb::Generate, true),
        "countTokens" => (Verb::Count, false),
        "embedContent" => return embed(false),
        "batchEmbedContents" => return embed(true),
        _ => {
            let shown: String = verb.chars().take(64).collect();
            return Err(Problem::new(&error::NOT_FOUND, format!("no verb `{shown}` on a model")).hint(
                "generateContent, streamGenerateContent, countTokens, embedContent and batchEmbedContents are known",
            ));
        }
    };
    Ok((verb, Entry::Gemini { model: model.to_owned(), stream, sse: sse || !stream }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_says_model_verb_and_framing() {
        let streamed = |sse| Entry::Gemini { model: "weir/default".into(), stream: true, sse };
        let path = "weir/default:streamGenerateContent";
        assert_eq!(call(path, Some("key=k&alt=sse")), Ok((Verb::Generate, streamed(true))));
        assert_eq!(call(path, None), Ok((Verb::Generate, streamed(false))));
        assert_eq!(call("m:countTokens", None).map(|(verb, _)| verb), Ok(Verb::Count));
        assert_eq!(call(&format!("models/{path}"), None), call(path, None));
        assert_eq!(call("m:embedContent", None).map(|(verb, _)| verb), Ok(Verb::Embed));
        assert!(call("m", None).is_err() && call("m:fly", None).is_err());
    }
}
