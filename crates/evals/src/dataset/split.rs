//! Splits, by content hash.

use super::Item;
use crate::canonical::text_hash;

/// The split of an item: by hash of its cluster, never of the item, so that what is alike stays together. Without a
/// cluster its input stands for it. `None` when there are no splits.
#[must_use]
pub fn split_for(item: &Item, splits: &[String]) -> Option<String> {
    let key = item.cluster.clone().unwrap_or_else(|| item.input_hash());
    let hash = text_hash(&key, 15);
    let number = usize::from_str_radix(&hash, 16).ok()?;
    splits.get(number.checked_rem(splits.len())?).cloned()
}
