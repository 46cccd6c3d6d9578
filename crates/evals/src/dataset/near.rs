//! Items that say nearly the same: Jaccard similarity of their prompts' character 5-grams. Candidates come from MinHash
//! bands (Broder 1997), one hash of each gram put into bins with empty ones filled by rotation (Shrivastava and Li 2014),
//! so that a text is read once; each candidate is then judged by the smallest 128 gram hashes of both (Cohen and Kaplan
//! 2007), which is exact for texts of up to 128 different grams.
//!
//! Some 600 bytes an item are kept, whatever its length.

use std::collections::HashSet;

use serde::Serialize;
use weir_core::{chat::Role, entropy::mix};

use super::Item;

/// From this similarity on, two prompts are nearly the same.
pub const NEAR: f64 = 0.85;
/// Characters of a gram.
const GRAM: usize = 5;
/// Bins, and the bands they are cut into: two prompts of similarity 0.85 share one of 16 bands of 8 bins with
/// probability 0.994.
const BINS: usize = 128;
const BAND: usize = 8;
/// Gram hashes kept of each text.
const KEPT: usize = 128;
/// Neighbours looked at in a crowded bucket.
const LOOKS: usize = 4;

/// Two items that say nearly the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Near {
    /// The later one's id.
    pub id: String,
    /// The earlier one's id, or what else it is like.
    pub of: String,
    /// `0.85..=1`.
    pub similarity: f64,
}

/// Prompts met so far.
#[derive(Debug, Clone, Default)]
pub struct Neighbours {
    ids: Vec<Box<str>>,
    heldout: Vec<bool>,
    sketches: Vec<Box<[u32]>>,
    bands: Vec<[u32; BINS / BAND]>,
}

/// What [`Neighbours`] found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// Items nearly the same as an earlier one, each told once, in order.
    pub near: Vec<Near>,
    /// Held-out items nearly the same as one that is not held out.
    pub leaks: Vec<Near>,
}

impl Neighbours {
    /// Takes an item in.
    pub fn push(&mut self, item: &Item) {
        let grams = grams(&asked(item));
        self.ids.push(item.id.as_str().into());
        self.heldout.push(item.split.as_deref() == Some(super::HELDOUT));
        self.bands.push(bands(&grams));
        self.sketches.push(sketch(grams));
    }

    /// Held-out items whose prompt stands in one of these texts, such as a judge's examples.
    #[must_use]
    pub fn contained(&self, texts: &[(String, String)]) -> Vec<Near> {
        let texts: Vec<(&str, HashSet<u32>)> =
            texts.iter().map(|(name, text)| (name.as_str(), grams(text).into_iter().collect())).collect();
        let mut leaks = Vec::new();
        for (at, sketch) in self.sketches.iter().enumerate().filter(|(at, _)| self.heldout[*at]) {
            for (name, text) in &texts {
                let inside = sketch.iter().filter(|gram| text.contains(gram)).count();
                let similarity = inside as f64 / sketch.len().max(1) as f64;
                if similarity >= NEAR {
                    leaks.push(Near { id: self.ids[at].to_string(), of: (*name).to_owned(), similarity });
                }
            }
        }
        leaks
    }

    /// Compares all with all.
    #[must_use]
    pub fn find(&self) -> Found {
        let mut near: Vec<Option<(usize, f64)>> = vec![None; self.ids.len()];
        let mut leaks = near.clone();
        for band in 0..BINS / BAND {
            let mut bucketed: Vec<(u32, usize)> =
                self.bands.iter().enumerate().map(|(at, keys)| (keys[band], at)).collect();
            bucketed.sort_unstable();
            for bucket in bucketed.chunk_by(|a, b| a.0 == b.0).filter(|bucket| bucket.len() > 1) {
                self.compare(bucket, &mut near, &mut leaks);
            }
        }
        Found { near: self.told(&near), leaks: self.told(&leaks) }
    }

    /// Compares each of a bucket with its first ones and with those just before it.
    fn compare(&self, bucket: &[(u32, usize)], near: &mut [Option<(usize, f64)>], leaks: &mut [Option<(usize, f64)>]) {
        let open: Vec<usize> = bucket.iter().map(|(_, at)| *at).filter(|at| !self.heldout[*at]).take(LOOKS).collect();
        for (place, (_, at)) in bucket.iter().enumerate() {
            let earlier = bucket[..place].iter().take(1).chain(bucket[place.saturating_sub(LOOKS)..place].iter());
            if near[*at].is_none() {
                earlier.for_each(|(_, other)| keep(&mut near[*at], *other, self.similarity(*at, *other)));
            }
            if self.heldout[*at] && leaks[*at].is_none() {
                let around = bucket[place.saturating_sub(LOOKS)..(place + LOOKS + 1).min(bucket.len())].iter();
                let around = around.map(|(_, other)| *other).filter(|other| !self.heldout[*other]);
                for other in open.iter().copied().chain(around) {
                    keep(&mut leaks[*at], other, self.similarity(*at, other));
                }
            }
        }
    }

    fn told(&self, found: &[Option<(usize, f64)>]) -> Vec<Near> {
        let told = found.iter().enumerate().filter_map(|(at, found)| {
            let (other, similarity) = (*found)?;
            Some(Near { id: self.ids[at].to_string(), of: self.ids[other].to_string(), similarity })
        });
        told.collect()
    }

    /// Share of common grams: exact where both sketches hold all grams, else over the smallest of the union.
    fn similarity(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (&self.sketches[a], &self.sketches[b]);
        let most = if a.len() < KEPT && b.len() < KEPT { usize::MAX } else { KEPT };
        let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
        let (mut union, mut both) = (0_usize, 0_usize);
        while union < most {
            match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(x), Some(y)) if x == y => {
                    both += 1;
                    left.next();
                    right.next();
                }
                (Some(x), Some(y)) if x < y => drop(left.next()),
                (Some(_), None) => drop(left.next()),
                _ => drop(right.next()),
            }
            union += 1;
        }
        both as f64 / union.max(1) as f64
    }
}

fn keep(slot: &mut Option<(usize, f64)>, other: usize, similarity: f64) {
    if similarity >= NEAR && slot.is_none_or(|(_, best)| similarity > best) {
        *slot = Some((other, similarity));
    }
}

/// What the item asks: everything but the instructions, which many items share.
fn asked(item: &Item) -> String {
    let said = item.input.iter().filter(|message| message.role != Role::System);
    said.map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n")
}

/// Hashes of the 5-grams of a text in small letters with single spaces; of a shorter text, of the whole.
fn grams(text: &str) -> Vec<u32> {
    let mut plain: Vec<char> = Vec::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.extend(word.chars().flat_map(char::to_lowercase));
    }
    let hash = |gram: &[char]| (mix(gram.iter().fold(7, |hash, c| mix(hash ^ u64::from(*c)))) >> 32) as u32;
    if plain.len() < GRAM {
        return vec![hash(&plain)];
    }
    plain.windows(GRAM).map(hash).collect()
}

fn sketch(mut grams: Vec<u32>) -> Box<[u32]> {
    grams.sort_unstable();
    grams.dedup();
    grams.truncate(KEPT);
    grams.into_boxed_slice()
}

fn bands(grams: &[u32]) -> [u32; BINS / BAND] {
    let mut bins = [u32::MAX; BINS];
    for gram in grams {
        // Independent of the gram's own hash, by which sketches are cut.
        let place = mix(u64::from(*gram));
        let bin = &mut bins[(place % BINS as u64) as usize];
        *bin = (*bin).min((place >> 32) as u32);
    }
    let mut full = bins;
    for at in 0..BINS {
        let filled = (0..BINS).find(|step| bins[(at + step) % BINS] != u32::MAX);
        let step = filled.unwrap_or_default();
        full[at] = bins[(at + step) % BINS].wrapping_add(0x9e37_79b9_u32.wrapping_mul(step as u32));
    }
    let mut bands = [0; BINS / BAND];
    for (band, values) in bands.iter_mut().zip(full.chunks(BAND)) {
        *band = values.iter().fold(band_seed(), |hash, value| mix(hash ^ u64::from(*value))) as u32;
    }
    bands
}

const fn band_seed() -> u64 {
    0x5851_f42d_4c95_7f2d
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_core::chat::Message;

    fn item(id: &str, text: &str, split: &str) -> Item {
        let mut item = Item::new(vec![
            Message { role: Role::System, content: "You are a support agent who answers in one line.".into() },
            Message { role: Role::User, content: text.into() },
        ]);
        item.id = id.into();
        item.split = Some(split.into()).filter(|split: &String| !split.is_empty());
        item
    }

    fn found(items: &[Item]) -> Found {
        let mut neighbours = Neighbours::default();
        items.iter().for_each(|item| neighbours.push(item));
        neighbours.find()
    }

    const LONG: &str = "My parcel was sent on Monday with the blue courier and the page still says that it waits in the \
                        depot of the town next to ours. Can you tell me when it will be at my door, please?";

    #[test]
    fn a_prompt_with_one_word_changed_is_near_and_another_one_is_not() {
        let changed = LONG.replace("Monday", "Sunday");
        let items = [
            item("a", LONG, ""),
            item("b", "How do I change the name on my account?", ""),
            item("c", &changed, ""),
            item("d", &LONG.to_uppercase().replace(' ', "  "), ""),
        ];
        let near = found(&items).near;
        let told: Vec<_> = near.iter().map(|near| (near.id.as_str(), near.of.as_str())).collect();
        assert_eq!(told, [("c", "a"), ("d", "a")], "{near:?}");
        assert!(near[0].similarity < 1.0 && near[1].similarity == 1.0);
        assert_eq!(found(&[item("a", "2+2?", ""), item("b", "3+4?", "")]).near, []);
        assert_eq!(found(&[item("a", "2+2?", ""), item("b", "2+2?", "")]).near.len(), 1);
    }

    #[test]
    fn a_held_out_prompt_that_others_may_see_is_a_leak() {
        let items = [
            item("h", LONG, "heldout"),
            item("p", &LONG.replace("blue", "grey"), "policy"),
            item("q", "Where is my invoice of last month?", "heldout"),
        ];
        let found = found(&items);
        assert_eq!(found.leaks.len(), 1, "{found:?}");
        assert_eq!((found.leaks[0].id.as_str(), found.leaks[0].of.as_str()), ("h", "p"));
        let mut neighbours = Neighbours::default();
        items.iter().for_each(|item| neighbours.push(item));
        let prompt = format!("Judge the answer. An example: {LONG} The right answer is: tomorrow.");
        let leaks = neighbours.contained(&[("scorer factuality".into(), prompt), ("other".into(), "short".into())]);
        assert_eq!(leaks.len(), 1);
        assert_eq!((leaks[0].id.as_str(), leaks[0].of.as_str()), ("h", "scorer factuality"));
    }

    /// The exact similarity, by sets.
    fn exact(a: &str, b: &str) -> f64 {
        let (a, b): (HashSet<u32>, HashSet<u32>) = (grams(a).into_iter().collect(), grams(b).into_iter().collect());
        a.intersection(&b).count() as f64 / a.union(&b).count() as f64
    }

    #[test]
    fn nearly_all_pairs_above_the_limit_are_found_and_none_far_below() {
        let words = ["parcel", "invoice", "door", "Monday", "courier", "account", "please", "when", "grey", "town"];
        let mut state = 5_u64;
        let mut next = |n: usize| {
            state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
            (state % n as u64) as usize
        };
        let (mut wanted, mut hit, mut wrong) = (0, 0, 0);
        for _ in 0..300 {
            let text: Vec<String> = (0..60).map(|_| format!("{}{}", words[next(10)], next(40))).collect();
            let mut other = text.clone();
            (0..next(8)).for_each(|_| other[next(60)] = words[next(10)].into());
            let (a, b) = (text.join(" "), other.join(" "));
            let similarity = exact(&a, &b);
            let near = !found(&[item("a", &a, ""), item("b", &b, "")]).near.is_empty();
            if similarity >= 0.92 {
                wanted += 1;
                hit += usize::from(near);
            }
            wrong += usize::from(near && similarity < 0.75);
        }
        assert!(wanted > 50 && hit * 100 >= wanted * 97 && wrong == 0, "{hit} of {wanted}, {wrong} wrong");
    }
}
