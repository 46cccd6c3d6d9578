//! Texts written as differences, rewritten as plain ones. How many there are, and how much of the one before each repeats,
//! is a page's own word: a few bytes may claim any number of bytes, which the `parquet` crate would make room for.
//!
//! Source: the Parquet format's `Encodings.md`, `DELTA_BINARY_PACKED`, `DELTA_LENGTH_BYTE_ARRAY` and `DELTA_BYTE_ARRAY`.

use ::parquet::basic::Encoding;

use super::unpack::Failure;

/// Whether texts of this encoding must be rewritten.
pub(super) const fn is_delta(encoding: Encoding) -> bool {
    matches!(encoding, Encoding::DELTA_BYTE_ARRAY | Encoding::DELTA_LENGTH_BYTE_ARRAY)
}

/// The texts in `values`, at most `count` of them, each with its length before it, as `PLAIN` has them; at most `most` bytes
/// are used on the way, the result among them.
///
/// # Errors
/// `Over` when it takes more, `Damaged` when they are not what their encoding says.
pub(super) fn plain(encoding: Encoding, values: &[u8], count: u32, most: u64) -> Result<Vec<u8>, Failure> {
    let mut at = 0;
    let prefixes = match encoding {
        Encoding::DELTA_BYTE_ARRAY => Some(numbers(values, &mut at, count, most)?),
        _ => None,
    };
    let suffixes = numbers(values, &mut at, count, most)?;
    let mut rest = values.get(at..).unwrap_or_default();
    let (mut out, mut last) = (Vec::new(), 0..0);
    for (number, suffix) in suffixes.iter().enumerate() {
        let prefix = match &prefixes {
            Some(prefixes) => *prefixes.get(number).ok_or_else(damaged)?,
            None => 0,
        };
        let (prefix, suffix) = (length(prefix)?, length(*suffix)?);
        let (own, behind) = rest.split_at_checked(suffix).ok_or_else(damaged)?;
        rest = behind;
        let repeated = last.start..last.start + prefix;
        if repeated.end > last.end {
            return Err(damaged());
        }
        if (out.len() + 4 + prefix + suffix) as u64 > most {
            return Err(Failure::Over);
        }
        out.extend(u32::try_from(prefix + suffix).map_err(|_| damaged())?.to_le_bytes());
        let start = out.len();
        out.extend_from_within(repeated);
        out.extend_from_slice(own);
        last = start..out.len();
    }
    Ok(out)
}

fn damaged() -> Failure {
    Failure::Damaged("its texts are not what their encoding says".to_owned())
}

fn length(number: i64) -> Result<usize, Failure> {
    usize::try_from(number).map_err(|_| damaged())
}

/// Numbers packed as differences from one to the next, in blocks of miniblocks with a width each.
fn numbers(bytes: &[u8], at: &mut usize, count: u32, most: u64) -> Result<Vec<i64>, Failure> {
    let block = length(varint(bytes, at)? as i64)?;
    let miniblocks = length(varint(bytes, at)? as i64)?;
    let total = varint(bytes, at)?;
    let first = zigzag(varint(bytes, at)?);
    if total > u64::from(count) {
        return Err(damaged());
    }
    if total * size_of::<i64>() as u64 > most {
        return Err(Failure::Over);
    }
    let per = block.checked_div(miniblocks).filter(|per| *per > 0 && per % 32 == 0).ok_or_else(damaged)?;
    let total = usize::try_from(total).map_err(|_| damaged())?;
    let mut found = Vec::with_capacity(total);
    if total > 0 {
        found.push(first);
    }
    let mut last = first;
    while found.len() < total {
        let least = zigzag(varint(bytes, at)?);
        let widths = bytes.get(*at..).and_then(|rest| rest.get(..miniblocks)).ok_or_else(damaged)?;
        *at += miniblocks;
        for width in widths {
            // Miniblocks behind the last number are not written.
            if found.len() == total {
                break;
            }
            let size = usize::from(*width).checked_mul(per).ok_or_else(damaged)? / 8;
            let packed = bytes.get(*at..).and_then(|rest| rest.get(..size)).ok_or_else(damaged)?;
            *at += size;
            if *width > 64 {
                return Err(damaged());
            }
            for number in 0..per.min(total - found.len()) {
                last = last.wrapping_add(least).wrapping_add(bits(packed, number, u32::from(*width)));
                found.push(last);
            }
        }
    }
    Ok(found)
}

/// The number at this place among numbers of `width` bits, `0..=64`, lowest bit first.
fn bits(packed: &[u8], number: usize, width: u32) -> i64 {
    let begin = number * width as usize;
    let mut window = [0; 16];
    let from = packed.get(begin / 8..).unwrap_or_default();
    let taken = from.len().min(window.len());
    window[..taken].copy_from_slice(&from[..taken]);
    let mask = (1_u128 << width) - 1;
    ((u128::from_le_bytes(window) >> (begin % 8)) & mask) as u64 as i64
}

/// Seven bits a byte, lowest first.
fn varint(bytes: &[u8], at: &mut usize) -> Result<u64, Failure> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at).ok_or_else(damaged)?;
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(damaged())
}

const fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_bytes_may_not_claim_more_than_the_page_has_or_the_bound_allows() {
        // 128 in a block of 4; 2^40 numbers; the first is 0.
        let claim = [0x80, 0x01, 0x04, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0x00];
        for encoding in [Encoding::DELTA_BYTE_ARRAY, Encoding::DELTA_LENGTH_BYTE_ARRAY] {
            assert!(matches!(plain(encoding, &claim, u32::MAX, 1 << 28), Err(Failure::Damaged(_))));
        }
        // 2^20 numbers, all 0: within the page's count, over the bound.
        let many = [0x80, 0x01, 0x04, 0x80, 0x80, 0x40, 0x00];
        assert_eq!(plain(Encoding::DELTA_LENGTH_BYTE_ARRAY, &many, u32::MAX, 1 << 20), Err(Failure::Over));
        // Blocks of nothing never end.
        let nothing = [0x00, 0x00, 0x05, 0x00, 0x00];
        assert!(matches!(plain(Encoding::DELTA_LENGTH_BYTE_ARRAY, &nothing, 9, 99), Err(Failure::Damaged(_))));
    }
}
