//! The price catalog that ships with weir. Each row says where it was read and when; what could not be read is not in it,
//! and an unknown price is unknown, never zero. A price in the configuration wins over the catalog.

use std::sync::LazyLock;

use serde::Deserialize;
use weir_core::{
    NanoUsd,
    deployment::{LongPrice, Price, SpecialPrices},
};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    // A test reads the embedded file; should it ever not parse, every price is unknown.
    toml::from_str(include_str!("../prices.toml")).unwrap_or_default()
});

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalog {
    version: String,
    #[serde(rename = "price")]
    rows: Vec<Row>,
}

/// One row of the catalog; prices in US dollars per million tokens.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// As in `provider` of a deployment.
    pub provider: String,
    /// As in `model` of a deployment.
    pub model: String,
    /// Prompt tokens.
    pub input_usd: f64,
    /// Prompt tokens read from the cache; absent where the provider has no such price.
    pub cached_input_usd: Option<f64>,
    /// Completion tokens.
    pub output_usd: f64,
    /// Prompt tokens written to the cache; absent where they cost as others do.
    pub cache_write_usd: Option<f64>,
    /// What requests with long prompts cost instead.
    pub long: Option<LongRow>,
    /// What is no text, and other tiers; absent where it was not found.
    pub special: Option<SpecialRow>,
    /// Where it was read.
    pub source: String,
    /// When, `YYYY-MM-DD`.
    pub date: String,
}

/// Prices in US dollars per million tokens of sound, images and a cache that is kept for an hour, and multiples of the usual price in other tiers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecialRow {
    /// Prompt tokens written to the cache for an hour.
    pub cache_write_hour_usd: Option<f64>,
    /// Prompt tokens of sound.
    pub audio_input_usd: Option<f64>,
    /// Completion tokens of sound.
    pub audio_output_usd: Option<f64>,
    /// Prompt tokens of images; absent where they cost as text.
    pub image_input_usd: Option<f64>,
    /// Completion tokens of images.
    pub image_output_usd: Option<f64>,
    /// In a batch.
    pub batch: Option<f64>,
    /// Slower.
    pub flex: Option<f64>,
    /// Faster.
    pub priority: Option<f64>,
    /// Where it was read.
    pub source: String,
    /// When, `YYYY-MM-DD`.
    pub date: String,
}

impl From<&SpecialRow> for SpecialPrices {
    fn from(row: &SpecialRow) -> Self {
        let usd = |price: Option<f64>| price.map(NanoUsd::from_usd);
        let thousandths = |factor: Option<f64>| factor.map(|factor| (factor * 1_000.0).round() as u32);
        Self {
            cache_write_hour: usd(row.cache_write_hour_usd),
            audio_input: usd(row.audio_input_usd),
            audio_output: usd(row.audio_output_usd),
            image_input: usd(row.image_input_usd),
            image_output: usd(row.image_output_usd),
            batch: thousandths(row.batch),
            flex: thousandths(row.flex),
            priority: thousandths(row.priority),
        }
    }
}

/// The prices of requests with long prompts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongRow {
    /// Prompts of more tokens than this.
    pub over_tokens: u64,
    /// Prompt tokens.
    pub input_usd: f64,
    /// Prompt tokens read from the cache.
    pub cached_input_usd: Option<f64>,
    /// Completion tokens.
    pub output_usd: f64,
}

/// Every row.
#[must_use]
pub fn rows() -> &'static [Row] {
    &CATALOG.rows
}

/// The price of `model` at `provider`, names compared exactly; a dated snapshot (`gpt-4o-2024-08-06`) that has no row of
/// its own costs what its model costs, and Vertex asks what AI Studio does.
#[must_use]
pub fn lookup(provider: &str, model: &str) -> Option<Price> {
    let provider = if provider == "vertex" { "gemini" } else { provider };
    let find = |model: &str| rows().iter().find(|row| row.provider == provider && row.model == model);
    let row = find(model).or_else(|| find(undated(model)?))?;
    Some(Price {
        version: CATALOG.version.clone(),
        input: NanoUsd::from_usd(row.input_usd),
        cached_input: row.cached_input_usd.map(NanoUsd::from_usd),
        output: NanoUsd::from_usd(row.output_usd),
        cache_write: row.cache_write_usd.map(NanoUsd::from_usd),
        reasoning: None,
        long: row.long.as_ref().map(|long| LongPrice {
            over: long.over_tokens,
            input: NanoUsd::from_usd(long.input_usd),
            cached_input: long.cached_input_usd.map(NanoUsd::from_usd),
            output: NanoUsd::from_usd(long.output_usd),
        }),
        special: row.special.as_ref().map(SpecialPrices::from).unwrap_or_default(),
    })
}

/// The name without a trailing `-YYYY-MM-DD` or `-YYYYMMDD`.
fn undated(model: &str) -> Option<&str> {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    for length in [11, 9] {
        let (name, date) = model.split_at_checked(model.len().checked_sub(length)?)?;
        let dashes = date.bytes().filter(|byte| *byte == b'-').count();
        if date.starts_with("-20") && digits(date) == 8 && digits(date) + dashes == length {
            return Some(name);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_catalog_is_plausible_and_unique() {
        assert!(rows().len() >= 20, "the embedded catalog does not parse");
        for (index, row) in rows().iter().enumerate() {
            assert!(row.input_usd > 0.0 && row.output_usd >= row.input_usd || row.output_usd == 0.0, "{row:?}");
            assert!(row.cached_input_usd.is_none_or(|cached| cached < row.input_usd));
            assert!(row.cache_write_usd.is_none_or(|written| written > row.input_usd), "{row:?}");
            let dearer = |long: &LongRow| long.input_usd >= row.input_usd && long.output_usd >= row.output_usd;
            assert!(row.long.as_ref().is_none_or(dearer), "{row:?}");
            assert!(!row.source.is_empty() && row.date.len() == 10);
            if let Some(special) = &row.special {
                assert!(special.source.starts_with("https://") && special.date.len() == 10, "{row:?}");
                assert!([special.batch, special.flex].into_iter().flatten().all(|factor| (0.1..1.0).contains(&factor)));
                assert!(special.priority.is_none_or(|factor| factor > 1.0), "{row:?}");
                assert!(special.cache_write_hour_usd.is_none_or(|usd| Some(usd) > row.cache_write_usd), "{row:?}");
                assert!(special.audio_input_usd.is_none_or(|usd| usd >= row.input_usd), "{row:?}");
            }
            let twin = |other: &Row| other.provider == row.provider && other.model == row.model;
            assert!(!rows().iter().skip(index + 1).any(twin), "{row:?}");
        }
    }

    #[test]
    fn a_dated_snapshot_costs_what_its_model_costs_and_the_unknown_is_unknown() {
        let price = lookup("openai", "gpt-4.1-mini-2025-04-14").unwrap();
        assert_eq!(price, lookup("openai", "gpt-4.1-mini").unwrap());
        assert_eq!(price.input, NanoUsd(400_000_000));
        assert_eq!(lookup("anthropic", "claude-haiku-4-5-20251001"), lookup("anthropic", "claude-haiku-4-5"));
        assert_eq!(lookup("openai", "gpt-4.1-huge"), None);
        assert_eq!(lookup("groq", "gpt-4.1-mini"), None);
        let price = lookup("vertex", "gemini-2.5-flash").unwrap();
        assert_eq!(price, lookup("gemini", "gemini-2.5-flash").unwrap());
        assert_eq!(lookup("anthropic", "claude-haiku-4-5").unwrap().cache_write, Some(NanoUsd(1_250_000_000)));
        assert_eq!(price.special.audio_input, Some(NanoUsd(1_000_000_000)));
        let claude = lookup("anthropic", "claude-sonnet-4-6").unwrap().special;
        assert_eq!((claude.batch, claude.priority, claude.audio_input), (Some(500), None, None));
        assert_eq!(claude.cache_write_hour, Some(NanoUsd(6_000_000_000)));
        assert_eq!(lookup("openai", "gpt-4.1-mini-2025x04-14"), None);
        assert_eq!(lookup("openai", ""), None);
    }
}
