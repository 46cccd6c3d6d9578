//! Parts of a workload's prompts that are told apart by what every request shows: how long it is, whether it offers
//! tools, at which hours it comes, in which language, from whom. Each part has windows of its own, a canary compares within
//! parts, and a candidate that is worse in one of them can be kept out of it alone.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::{Timestamp, language::Language, route::Features, workload::SEGMENT_ALL};

/// What tells prompts apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentBy {
    /// Estimated prompt tokens: below 2,000, 8,000, 32,000, or more.
    InputTokens,
    /// Whether tools are offered.
    Tools,
    /// Monday to Friday from 9 to 17 o'clock UTC, or not.
    Hours,
    /// The language that the caller writes in.
    Language,
    /// Whose key it comes with: those that the workload names, and all others.
    Tenant,
}

/// What a request shows of itself.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// What routing looks at.
    pub features: &'a Features,
    /// The name of the key.
    pub tenant: &'a str,
    /// When it came.
    pub at: Timestamp,
}

/// Most tenants that a workload may name: each has windows of its own.
pub const MOST_TENANTS: usize = 32;
/// Most segments of one workload. Each has a view in every snapshot, and one that hardly anybody is in proves nothing.
pub const MOST_SEGMENTS: usize = 256;

/// Where one bucket of prompt tokens ends and the next begins.
const TOKEN_BARS: [u64; 3] = [2_000, 8_000, 32_000];
const HOUR_US: i64 = 3_600_000_000;
/// The tenants that are not named. No key's segment has this word: theirs begin with `tenant:`.
const OTHER_TENANTS: &str = "other-tenants";

impl SegmentBy {
    /// The words for its values, in order; `tenants` are those that the workload names.
    fn words(self, tenants: &[Arc<str>]) -> Vec<Arc<str>> {
        let all = |words: &[&str]| words.iter().map(|&word| word.into()).collect();
        match self {
            Self::InputTokens => all(&["under-2k", "2k-8k", "8k-32k", "over-32k"]),
            Self::Tools => all(&["no-tools", "tools"]),
            Self::Hours => all(&["off-hours", "office-hours"]),
            Self::Language => all(&Language::WORDS),
            Self::Tenant => {
                let named = tenants.iter().map(|tenant| format!("tenant:{tenant}").into());
                named.chain([OTHER_TENANTS.into()]).collect()
            }
        }
    }

    /// How many values it has.
    fn size(self, tenants: &[Arc<str>]) -> usize {
        match self {
            Self::InputTokens => TOKEN_BARS.len() + 1,
            Self::Tools | Self::Hours => 2,
            Self::Language => Language::ALL.len(),
            Self::Tenant => tenants.len() + 1,
        }
    }

    /// The prompt tokens of a value of [`Self::InputTokens`], from the first to below the second; no ends for others.
    #[must_use]
    pub fn token_range(self, value: usize) -> (Option<u64>, Option<u64>) {
        if self != Self::InputTokens {
            return (None, None);
        }
        let bar = |place: Option<usize>| place.and_then(|place| TOKEN_BARS.get(place).copied());
        (bar(value.checked_sub(1)), bar(Some(value)))
    }

    /// The place of this request's value among its words.
    fn value(self, shown: &Shown<'_>, tenants: &[Arc<str>]) -> usize {
        match self {
            Self::InputTokens => TOKEN_BARS.iter().filter(|bar| shown.features.input_tokens >= **bar).count(),
            Self::Tools => usize::from(shown.features.tools),
            Self::Hours => {
                let hours = shown.at.0.div_euclid(HOUR_US);
                // 1970-01-01 was a Thursday: Monday is 0.
                let (day, hour) = ((hours.div_euclid(24) + 3).rem_euclid(7), hours.rem_euclid(24));
                usize::from(day < 5 && (9..17).contains(&hour))
            }
            Self::Language => shown.features.language.unwrap_or(Language::Other).place(),
            Self::Tenant => tenants.iter().position(|named| **named == *shown.tenant).unwrap_or(tenants.len()),
        }
    }
}

/// How many segments these features make.
#[must_use]
pub fn count(by: &[SegmentBy], tenants: &[Arc<str>]) -> usize {
    by.iter().fold(1, |count: usize, by| count.saturating_mul(by.size(tenants)))
}

/// The segments of one workload, their names made once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segments {
    by: Vec<SegmentBy>,
    /// The tenants that are told apart, where any are.
    tenants: Vec<Arc<str>>,
    /// Every combination of values, the last feature running fastest.
    names: Vec<Arc<str>>,
}

/// Most workloads tell nothing apart.
static WHOLE: LazyLock<Arc<Segments>> =
    LazyLock::new(|| Arc::new(Segments { by: Vec::new(), tenants: Vec::new(), names: vec![SEGMENT_ALL.into()] }));

impl Segments {
    /// The segments by these features; without any, the one of all prompts.
    #[must_use]
    pub fn of(by: &[SegmentBy], tenants: &[Arc<str>]) -> Arc<Self> {
        if by.is_empty() {
            return Arc::clone(&WHOLE);
        }
        let names = by.iter().fold(vec![String::new()], |names, by| {
            let join =
                |name: &String, word: &str| if name.is_empty() { word.to_owned() } else { format!("{name} {word}") };
            let words = by.words(tenants);
            names.iter().flat_map(|name| words.iter().map(move |word| join(name, word))).collect()
        });
        let names = names.into_iter().map(Into::into).collect();
        Arc::new(Self { by: by.to_vec(), tenants: tenants.to_vec(), names })
    }

    /// The segment of a request. Allocates nothing.
    #[must_use]
    pub fn segment(&self, shown: &Shown<'_>) -> &Arc<str> {
        let next = |place, by: &SegmentBy| place * by.size(&self.tenants) + by.value(shown, &self.tenants);
        let place = self.by.iter().fold(0, next);
        // There is a name for every place.
        self.names.get(place).unwrap_or_else(|| &WHOLE.names[0])
    }

    /// The request's value of each feature of [`Self::by`], in order.
    pub fn values(&self, shown: &Shown<'_>) -> impl Iterator<Item = usize> {
        self.by.iter().map(move |by| by.value(shown, &self.tenants))
    }

    /// The word for a feature's value; `None` where it has no such value.
    #[must_use]
    pub fn word(&self, by: SegmentBy, value: usize) -> Option<Arc<str>> {
        by.words(&self.tenants).into_iter().nth(value)
    }

    /// The key that a value of [`SegmentBy::Tenant`] stands for; `None` for all that are not named.
    #[must_use]
    pub fn tenant(&self, value: usize) -> Option<&Arc<str>> {
        self.tenants.get(value)
    }

    /// What tells them apart.
    #[must_use]
    pub fn by(&self) -> &[SegmentBy] {
        &self.by
    }

    /// Every name.
    #[must_use]
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// True when nothing is told apart.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.by.is_empty()
    }

    /// The names in which these values hold, each a feature's place in [`Self::by`] and its value.
    #[must_use]
    pub fn within(&self, scope: &[(usize, u16)]) -> Vec<Arc<str>> {
        let sizes: Vec<usize> = self.by.iter().map(|by| by.size(&self.tenants)).collect();
        let value = |place: usize, feature: usize| {
            let after: usize = sizes.iter().skip(feature + 1).product();
            sizes.get(feature).map(|size| place / after % size)
        };
        let holds =
            |place: usize| scope.iter().all(|&(feature, wanted)| value(place, feature) == Some(usize::from(wanted)));
        self.names.iter().enumerate().filter(|(place, _)| holds(*place)).map(|(_, name)| Arc::clone(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(input_tokens: u64, tools: bool) -> Features {
        Features { input_tokens, tools, ..Features::default() }
    }

    fn shown<'a>(features: &'a Features, tenant: &'a str) -> Shown<'a> {
        Shown { features, tenant, at: Timestamp(0) }
    }

    #[test]
    fn a_request_falls_into_the_segment_of_its_values() {
        let whole = Segments::of(&[], &[]);
        assert_eq!(&**whole.segment(&shown(&features(9, true), "dev")), "all");
        let segments = Segments::of(&[SegmentBy::InputTokens, SegmentBy::Tools], &[]);
        assert_eq!(segments.names().len(), 8);
        for (tokens, tools, name) in [
            (0, false, "under-2k no-tools"),
            (1_999, true, "under-2k tools"),
            (2_000, false, "2k-8k no-tools"),
            (31_999, true, "8k-32k tools"),
            (32_000, true, "over-32k tools"),
        ] {
            assert_eq!(&**segments.segment(&shown(&features(tokens, tools), "dev")), name);
        }
    }

    #[test]
    fn office_hours_are_weekdays_from_nine_to_five() {
        let hours = |day: i64, hour: i64| Timestamp((day * 24 + hour) * HOUR_US);
        let segments = Segments::of(&[SegmentBy::Hours], &[]);
        // Day 0 is a Thursday.
        for (day, hour, office) in [(0, 9, 1), (0, 8, 0), (0, 17, 0), (1, 16, 1), (2, 12, 0), (3, 12, 0), (4, 12, 1)] {
            let features = features(1, false);
            let shown = Shown { at: hours(day, hour), ..shown(&features, "dev") };
            assert_eq!(segments.values(&shown).collect::<Vec<_>>(), [office], "{day} {hour}");
        }
    }

    #[test]
    fn named_tenants_have_segments_of_their_own_and_all_others_share_one() {
        let tenants = ["acme".into(), "globex".into()];
        let segments = Segments::of(&[SegmentBy::Tenant, SegmentBy::Tools], &tenants);
        assert_eq!(segments.names().len(), count(&[SegmentBy::Tenant, SegmentBy::Tools], &tenants));
        for (tenant, name) in [
            ("acme", "tenant:acme no-tools"),
            ("globex", "tenant:globex no-tools"),
            ("initech", "other-tenants no-tools"),
            ("", "other-tenants no-tools"),
        ] {
            assert_eq!(&**segments.segment(&shown(&features(1, false), tenant)), name);
        }
        assert_eq!(segments.tenant(1).map(|tenant| &**tenant), Some("globex"));
        assert_eq!((segments.tenant(2), segments.word(SegmentBy::Tenant, 3)), (None, None));
        // However a key is called, its segment is not that of all prompts, or of probes.
        let odd = Segments::of(&[SegmentBy::Tenant], &[SEGMENT_ALL.into(), "other-tenants".into()]);
        assert_eq!(
            odd.names().iter().map(|name| &**name).collect::<Vec<_>>(),
            ["tenant:all", "tenant:other-tenants", "other-tenants"]
        );
    }

    #[test]
    fn a_language_that_nobody_looked_for_is_another() {
        let segments = Segments::of(&[SegmentBy::Language], &[]);
        for (language, name) in [(Some(Language::German), "german"), (None, "other-language")] {
            let features = Features { language, ..features(1, false) };
            assert_eq!(&**segments.segment(&shown(&features, "dev")), name);
        }
    }

    #[test]
    fn each_value_has_a_word() {
        let tenants = ["acme".into()];
        let all = [SegmentBy::InputTokens, SegmentBy::Tools, SegmentBy::Hours, SegmentBy::Language, SegmentBy::Tenant];
        for by in all {
            assert_eq!(by.words(&tenants).len(), by.size(&tenants), "{by:?}");
        }
        // All that every workload has are within what it may have.
        assert!(count(&all[..4], &[]) <= MOST_SEGMENTS);
    }

    #[test]
    fn a_scope_names_the_segments_within_it() {
        let segments = Segments::of(&[SegmentBy::InputTokens, SegmentBy::Tools, SegmentBy::Hours], &[]);
        let names = segments.within(&[(0, 1), (1, 0)]);
        assert_eq!(
            names.iter().map(|name| &**name).collect::<Vec<_>>(),
            ["2k-8k no-tools off-hours", "2k-8k no-tools office-hours"]
        );
        assert_eq!(segments.within(&[]).len(), 16);
        assert!(Segments::of(&[], &[]).within(&[(0, 1)]).is_empty());
    }
}
