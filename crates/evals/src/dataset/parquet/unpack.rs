//! One page unpacked, never to more than a bound, whatever it claims about itself. The codecs are those of the format:
//! <https://github.com/apache/parquet-format/blob/master/Compression.md>.

use std::io::Read;

use ::parquet::basic::Compression;
use lz4_flex::block::DecompressError;

/// Why a page could not be unpacked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It is larger than the bound.
    Over,
    /// Its bytes are not what its codec writes.
    Damaged(String),
}

fn damaged(error: impl ToString) -> Failure {
    Failure::Damaged(error.to_string())
}

/// The page's bytes, `most` of them at most; an empty page has none whatever packs it.
///
/// # Errors
/// See [`Failure`].
pub(super) fn unpack(codec: Compression, packed: &[u8], most: u64) -> Result<Vec<u8>, Failure> {
    if packed.is_empty() {
        return Ok(Vec::new());
    }
    match codec {
        Compression::UNCOMPRESSED => read(packed, most),
        Compression::GZIP(_) => read(flate2::read::MultiGzDecoder::new(packed), most),
        Compression::BROTLI(_) => read(brotli::Decompressor::new(packed, 4096), most),
        Compression::ZSTD(_) => read(zstd::stream::read::Decoder::new(packed).map_err(damaged)?, most),
        Compression::SNAPPY => snappy(packed, most),
        Compression::LZ4_RAW => lz4_block(packed, most),
        Compression::LZ4 => lz4(packed, most),
        Compression::LZO => Err(damaged("lzo is not read")),
    }
}

fn read(source: impl Read, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    source.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(damaged)?;
    if bytes.len() as u64 > most { Err(Failure::Over) } else { Ok(bytes) }
}

fn snappy(packed: &[u8], most: u64) -> Result<Vec<u8>, Failure> {
    // The size stands first, and the decoder keeps to it.
    if snap::raw::decompress_len(packed).map_err(damaged)? as u64 > most {
        return Err(Failure::Over);
    }
    snap::raw::Decoder::new().decompress_vec(packed).map_err(damaged)
}

/// A block does not say its size: the room for it grows until it fits.
fn lz4_block(packed: &[u8], most: u64) -> Result<Vec<u8>, Failure> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut room = packed.len().saturating_mul(4).min(most);
    loop {
        let mut bytes = vec![0; room];
        match lz4_flex::block::decompress_into(packed, &mut bytes) {
            Ok(written) => {
                bytes.truncate(written);
                return Ok(bytes);
            }
            Err(DecompressError::OutputTooSmall { .. }) if room < most => room = room.saturating_mul(4).min(most),
            Err(DecompressError::OutputTooSmall { .. }) => return Err(Failure::Over),
            Err(error) => return Err(damaged(error)),
        }
    }
}

/// Three ways to wrap blocks have gone by this name; the first that reads it is the one.
fn lz4(packed: &[u8], most: u64) -> Result<Vec<u8>, Failure> {
    let frame = |packed, most| read(lz4_flex::frame::FrameDecoder::new(packed), most);
    let failures = match hadoop(packed, most) {
        Ok(bytes) => return Ok(bytes),
        Err(first) => match frame(packed, most) {
            Ok(bytes) => return Ok(bytes),
            Err(second) => match lz4_block(packed, most) {
                Ok(bytes) => return Ok(bytes),
                Err(third) => [first, second, third],
            },
        },
    };
    let over = failures.contains(&Failure::Over);
    Err(if over { Failure::Over } else { damaged("lz4, yet none of its three ways to wrap it") })
}

/// Hadoop's: pieces, each after its size unpacked and its size packed, both big-endian.
fn hadoop(mut packed: &[u8], most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while !packed.is_empty() {
        let other = || damaged("not as Hadoop wraps lz4");
        let (size, rest) = packed.split_first_chunk::<4>().ok_or_else(other)?;
        let (held, rest) = rest.split_first_chunk::<4>().ok_or_else(other)?;
        let (piece, rest) = rest.split_at_checked(u32::from_be_bytes(*held) as usize).ok_or_else(other)?;
        let size = u32::from_be_bytes(*size);
        if bytes.len() as u64 + u64::from(size) > most {
            return Err(Failure::Over);
        }
        bytes.extend(lz4_flex::block::decompress(piece, size as usize).map_err(damaged)?);
        packed = rest;
    }
    Ok(bytes)
}
