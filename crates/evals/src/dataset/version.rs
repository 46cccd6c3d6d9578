//! Versions and splits, both by content hash.

use super::Item;
use crate::canonical::text_hash;

/// Version of a set of items: blake3 of their sorted hashes, 32 hex digits. Order and repeats do not count, so that
/// publishing twice is publishing once.
#[must_use]
pub fn version_id(items: &[Item]) -> String {
    let mut hashes: Vec<String> = items.iter().map(Item::hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    text_hash(&hashes.join("\n"), 32)
}

/// The split of an item: by hash of its cluster, never of the item, so that what is alike stays together. Without a
/// cluster its input stands for it. `None` when there are no splits.
#[must_use]
pub fn split_for(item: &Item, splits: &[String]) -> Option<String> {
    let key = item.cluster.clone().unwrap_or_else(|| item.input_hash());
    let hash = text_hash(&key, 15);
    let number = usize::from_str_radix(&hash, 16).ok()?;
    splits.get(number.checked_rem(splits.len())?).cloned()
}
