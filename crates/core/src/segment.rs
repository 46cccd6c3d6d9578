//! Parts of a workload's prompts that are told apart by what every request shows: how long it is, whether it offers
//! tools, at which hours it comes. Each part has windows of its own, a canary compares within parts, and a candidate that
//! is worse in one of them can be kept out of it alone.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::{Timestamp, route::Features, workload::SEGMENT_ALL};

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
}

const HOUR_US: i64 = 3_600_000_000;

impl SegmentBy {
    /// The words for its values, in order.
    #[must_use]
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::InputTokens => &["under-2k", "2k-8k", "8k-32k", "over-32k"],
            Self::Tools => &["no-tools", "tools"],
            Self::Hours => &["off-hours", "office-hours"],
        }
    }

    /// The place of this request's value among [`Self::words`].
    #[must_use]
    pub fn value(self, features: &Features, now: Timestamp) -> usize {
        match self {
            Self::InputTokens => [2_000, 8_000, 32_000].iter().filter(|bar| features.input_tokens >= **bar).count(),
            Self::Tools => usize::from(features.tools),
            Self::Hours => {
                let hours = now.0.div_euclid(HOUR_US);
                // 1970-01-01 was a Thursday: Monday is 0.
                let (day, hour) = ((hours.div_euclid(24) + 3).rem_euclid(7), hours.rem_euclid(24));
                usize::from(day < 5 && (9..17).contains(&hour))
            }
        }
    }
}

/// The segments of one workload, their names made once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segments {
    by: Vec<SegmentBy>,
    /// Every combination of values, the last feature running fastest.
    names: Vec<Arc<str>>,
}

/// Most workloads tell nothing apart.
static WHOLE: LazyLock<Arc<Segments>> =
    LazyLock::new(|| Arc::new(Segments { by: Vec::new(), names: vec![SEGMENT_ALL.into()] }));

impl Segments {
    /// The segments by these features; without any, the one of all prompts.
    #[must_use]
    pub fn of(by: &[SegmentBy]) -> Arc<Self> {
        if by.is_empty() {
            return Arc::clone(&WHOLE);
        }
        let names = by.iter().fold(vec![String::new()], |names, by| {
            let join =
                |name: &String, word: &str| if name.is_empty() { word.to_owned() } else { format!("{name} {word}") };
            names.iter().flat_map(|name| by.words().iter().map(move |word| join(name, word))).collect()
        });
        Arc::new(Self { by: by.to_vec(), names: names.into_iter().map(Into::into).collect() })
    }

    /// The segment of a request that came at `now`. Allocates nothing.
    #[must_use]
    pub fn segment(&self, features: &Features, now: Timestamp) -> &Arc<str> {
        let place = self.by.iter().fold(0, |place, by| place * by.words().len() + by.value(features, now));
        // There is a name for every place.
        self.names.get(place).unwrap_or_else(|| &WHOLE.names[0])
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
        let sizes: Vec<usize> = self.by.iter().map(|by| by.words().len()).collect();
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

    #[test]
    fn a_request_falls_into_the_segment_of_its_values() {
        let whole = Segments::of(&[]);
        assert_eq!(&**whole.segment(&features(9, true), Timestamp(0)), "all");
        let segments = Segments::of(&[SegmentBy::InputTokens, SegmentBy::Tools]);
        assert_eq!(segments.names().len(), 8);
        for (tokens, tools, name) in [
            (0, false, "under-2k no-tools"),
            (1_999, true, "under-2k tools"),
            (2_000, false, "2k-8k no-tools"),
            (31_999, true, "8k-32k tools"),
            (32_000, true, "over-32k tools"),
        ] {
            assert_eq!(&**segments.segment(&features(tokens, tools), Timestamp(0)), name);
        }
    }

    #[test]
    fn office_hours_are_weekdays_from_nine_to_five() {
        let hours = |day: i64, hour: i64| Timestamp((day * 24 + hour) * HOUR_US);
        // Day 0 is a Thursday.
        for (day, hour, office) in [(0, 9, 1), (0, 8, 0), (0, 17, 0), (1, 16, 1), (2, 12, 0), (3, 12, 0), (4, 12, 1)] {
            assert_eq!(SegmentBy::Hours.value(&features(1, false), hours(day, hour)), office, "{day} {hour}");
        }
    }

    #[test]
    fn a_scope_names_the_segments_within_it() {
        let segments = Segments::of(&[SegmentBy::InputTokens, SegmentBy::Tools, SegmentBy::Hours]);
        let names = segments.within(&[(0, 1), (1, 0)]);
        assert_eq!(
            names.iter().map(|name| &**name).collect::<Vec<_>>(),
            ["2k-8k no-tools off-hours", "2k-8k no-tools office-hours"]
        );
        assert_eq!(segments.within(&[]).len(), 16);
        assert!(Segments::of(&[]).within(&[(0, 1)]).is_empty());
    }
}
