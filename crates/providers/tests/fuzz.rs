//! The kept corpus of the fuzz targets, and mutations of it, on any toolchain: a few seconds of what `cargo fuzz` does for
//! hours (`tests/fuzz/README.md`). What once failed is in the corpus.

mod fuzzing;

use std::{fs, path::Path};

use weir_core::{Entropy as _, entropy::Seeded};

/// Mutations of each kept input.
const MUTATIONS: usize = 60;

#[test]
fn nothing_kept_and_nothing_near_it_makes_a_reader_fail() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let random = Seeded::new(7);
    for (name, target) in fuzzing::TARGETS {
        let mut kept: Vec<Vec<u8>> =
            fs::read_dir(corpus.join(name)).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
        kept.sort();
        assert!(!kept.is_empty(), "{name} has no corpus");
        for input in &kept {
            target(input);
            for _ in 0..MUTATIONS {
                target(&mutated(input, &kept, &random));
            }
        }
    }
}

/// A few small changes, as fuzzers make them: bytes flipped, cut out, doubled, and pieces of another input.
fn mutated(input: &[u8], others: &[Vec<u8>], random: &Seeded) -> Vec<u8> {
    let below = |bound: usize| (random.next_u64() as usize) % bound.max(1);
    let mut out = input.to_vec();
    for _ in 0..=below(4) {
        let at = below(out.len());
        let length = below(16);
        let end = (at + length).min(out.len());
        match below(5) {
            0 => out.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << (length % 8)),
            1 => drop(out.drain(at..end)),
            2 => {
                let piece = out[at..end].to_vec();
                out.splice(at..at, piece);
            }
            3 => {
                let other = &others[below(others.len())];
                let from = below(other.len());
                out.splice(at..end, other[from..(from + length).min(other.len())].iter().copied());
            }
            _ => drop(out.splice(at..end, *b"null")),
        }
    }
    out
}
