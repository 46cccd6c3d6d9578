//! Forms that an answer may have: `is_xml`, `is_html`, `is_sql`, `is_url`, `is_email` and its `language`. Each is decided
//! by a parser, outer white space aside.

use serde::{Deserialize, Serialize};
use weir_core::score::Unscored;

use super::{Check, Reads, is_default, python, xml};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// Longest answer that a parser is given, in bytes.
const MOST_BYTES: usize = 1_000_000;

/// `is_xml`, `is_html`, `is_sql`, `is_url` and `is_email`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormSpec {
    /// Pass when the answer does not have the form.
    #[serde(default, skip_serializing_if = "is_default")]
    pub negate: bool,
}

/// `language`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageSpec {
    /// The wanted language, ISO 639-3 such as `eng`, or 639-1 such as `en`.
    pub language: String,
}

struct Form {
    negate: bool,
    holds: fn(&str) -> Result<(), String>,
}

impl FormSpec {
    pub(crate) fn xml(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(xml::document)
    }
    pub(crate) fn html(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(html)
    }
    pub(crate) fn sql(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(sql)
    }
    pub(crate) fn url(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(|text| {
            let url = url::Url::parse(text).map_err(|error| error.to_string())?;
            if url.has_host() && !text.contains(python::is_space) { Ok(()) } else { Err("a URL without a host".into()) }
        })
    }
    pub(crate) fn email(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(email)
    }

    #[expect(clippy::unnecessary_wraps, reason = "every `compile` may fail")]
    fn build(&self, holds: fn(&str) -> Result<(), String>) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(Form { negate: self.negate, holds }))
    }
}

impl Check for Form {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        if exchange.answer.text.len() > MOST_BYTES {
            return super::text::too_long();
        }
        match (self.holds)(python::strip(&exchange.answer.text)) {
            Ok(()) => Outcome::pass(!self.negate),
            Err(why) => Outcome::pass(self.negate).because(super::exact::shorten(&why)),
        }
    }
}

/// Begins and ends with a tag, and some tag is one of HTML's.
fn html(text: &str) -> Result<(), String> {
    const TAGS: &[&str] = &[
        "a",
        "article",
        "b",
        "blockquote",
        "body",
        "br",
        "button",
        "code",
        "dd",
        "div",
        "dl",
        "dt",
        "em",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hr",
        "html",
        "i",
        "img",
        "input",
        "label",
        "li",
        "link",
        "main",
        "meta",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "script",
        "section",
        "select",
        "small",
        "span",
        "strong",
        "style",
        "table",
        "tbody",
        "td",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "u",
        "ul",
        "video",
    ];
    if !text.starts_with('<') || !text.ends_with('>') {
        return Err("it does not begin and end with a tag".into());
    }
    let lower = text.to_ascii_lowercase();
    let known = lower.split('<').skip(1).any(|rest| {
        let name: String = rest.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        TAGS.contains(&name.as_str()) || rest.starts_with("!doctype html")
    });
    if known { Ok(()) } else { Err("no tag of HTML".into()) }
}

fn sql(text: &str) -> Result<(), String> {
    let dialect = sqlparser::dialect::GenericDialect {};
    let parsed = sqlparser::parser::Parser::parse_sql(&dialect, text).map_err(|error| error.to_string())?;
    if parsed.is_empty() { Err("no statement".into()) } else { Ok(()) }
}

/// One address: a dotted local part and a domain name, without comments or quotes.
fn email(text: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(why.to_owned());
    let Some((local, domain)) = text.split_once('@') else {
        return refuse("no @");
    };
    let atom = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c))
    };
    if local.len() > 64 || !local.split('.').all(atom) {
        return refuse("not a local part");
    }
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let labels: Vec<&str> = domain.split('.').collect();
    let named = labels.last().is_some_and(|last| last.len() >= 2 && !last.bytes().all(|byte| byte.is_ascii_digit()));
    if domain.len() > 253 || labels.len() < 2 || !labels.iter().all(|part| label(part)) || !named {
        return refuse("not a domain name");
    }
    Ok(())
}

impl LanguageSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        let code = self.language.trim().to_lowercase();
        let code = TWO_LETTERS.iter().find(|(two, _)| *two == code).map_or(code.as_str(), |(_, three)| three);
        match whatlang::Lang::from_code(code) {
            Some(language) => Ok(Box::new(Spoken(language))),
            None => {
                let message = format!("found `{}`, wanted a code of ISO 639 such as `en` or `eng`", self.language);
                Err(SpecError::field("language", message))
            }
        }
    }
}

const TWO_LETTERS: &[(&str, &str)] = &[
    ("ar", "ara"),
    ("bg", "bul"),
    ("cs", "ces"),
    ("da", "dan"),
    ("de", "deu"),
    ("el", "ell"),
    ("en", "eng"),
    ("es", "spa"),
    ("fi", "fin"),
    ("fr", "fra"),
    ("he", "heb"),
    ("hi", "hin"),
    ("hr", "hrv"),
    ("hu", "hun"),
    ("id", "ind"),
    ("it", "ita"),
    ("ja", "jpn"),
    ("ko", "kor"),
    ("nb", "nob"),
    ("nl", "nld"),
    ("pl", "pol"),
    ("pt", "por"),
    ("ro", "ron"),
    ("ru", "rus"),
    ("sk", "slk"),
    ("sv", "swe"),
    ("th", "tha"),
    ("tr", "tur"),
    ("uk", "ukr"),
    ("vi", "vie"),
    ("zh", "cmn"),
];

struct Spoken(whatlang::Lang);

impl Check for Spoken {
    fn reads(&self) -> Reads {
        Reads::Response
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let start: String = exchange.answer.text.chars().take(10_000).collect();
        let Some(found) = whatlang::detect(&start) else {
            return Outcome::unscored(Unscored::NoTokens, "the answer has no letters to tell a language by");
        };
        let why = format!("found {}, confidence {:.2}", found.lang().code(), found.confidence());
        if !found.is_reliable() && found.lang() != self.0 {
            // A few words may belong to any of several languages.
            return Outcome::unscored(Unscored::NoTokens, format!("too short to tell: {why}"));
        }
        Outcome::pass(found.lang() == self.0).because(why)
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{grade, run};
    use serde_json::json;

    #[test]
    fn each_form_has_its_parser() {
        for (kind, yes, no) in [
            ("is_xml", "<?xml version=\"1.0\"?><a x='1'><b/>t</a>", "<a><b></a>"),
            ("is_xml", " <a/> ", "<a/><b/>"),
            ("is_xml", "<a/>", "text"),
            ("is_html", "<!DOCTYPE html><p>x</p>", "x <p>y</p>"),
            ("is_html", "<div>x</div>", "<foo>x</foo>"),
            ("is_sql", "SELECT a FROM b WHERE c = 1", "SELEC a FROM b"),
            ("is_url", "https://example.com/a?b=c", "example.com"),
            ("is_email", "a.b+c@example.org", "a@b@example.org"),
        ] {
            let spec = format!("kind='{kind}'");
            assert_eq!(grade(&spec, yes, json!(null)), 1.0, "{kind} {yes}");
            assert_eq!(grade(&spec, no, json!(null)), 0.0, "{kind} {no}");
        }
        assert_eq!(grade("kind='is_url'\nnegate=true", "no", json!(null)), 1.0);
    }

    #[test]
    fn a_language_is_told_from_others() {
        let text = "Der schnelle braune Fuchs springt über den faulen Hund und läuft davon.";
        assert_eq!(grade("kind='language'\nlanguage='de'", text, json!(null)), 1.0);
        assert_eq!(grade("kind='language'\nlanguage='eng'", text, json!(null)), 0.0);
        assert_eq!(run("kind='language'\nlanguage='eng'", "123", json!(null)).value(), None);
    }
}
