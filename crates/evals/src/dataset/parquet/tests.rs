use std::{io::Write, sync::Arc};

use ::parquet::{
    basic::{BrotliLevel, Compression, Encoding, GzipLevel, Repetition, Type as Physical, ZstdLevel},
    data_type::{ByteArray, ByteArrayType},
    file::{
        properties::{EnabledStatistics, WriterProperties, WriterVersion},
        writer::SerializedFileWriter,
    },
    schema::types::Type,
};

use super::{
    open,
    unpack::{Failure, unpack},
};

const MIB: usize = 1 << 20;

fn codecs() -> [Compression; 6] {
    [
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::SNAPPY,
        Compression::LZ4,
        Compression::LZ4_RAW,
    ]
}

/// A file of one column, `input`, a page each text, or all in one dictionary.
fn file(texts: &[&str], codec: Compression, version: WriterVersion, dictionary: bool) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(codec)
        .set_writer_version(version)
        .set_dictionary_enabled(dictionary)
        .set_encoding(Encoding::PLAIN)
        .set_write_batch_size(1)
        .set_data_page_row_count_limit(1)
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    written(texts, properties, Repetition::REQUIRED)
}

/// A file of one column, `input`; its texts are a row each, or all of them one list.
fn written(texts: &[&str], properties: WriterProperties, repetition: Repetition) -> Vec<u8> {
    let column = Type::primitive_type_builder("input", Physical::BYTE_ARRAY).with_repetition(repetition);
    let schema = Type::group_type_builder("row").with_fields(vec![Arc::new(column.build().unwrap())]).build().unwrap();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let values: Vec<ByteArray> = texts.iter().map(|text| ByteArray::from(*text)).collect();
    let (there, mut nested) = (vec![1; values.len()], vec![1; values.len()]);
    nested[0] = 0;
    let list = repetition == Repetition::REPEATED;
    let levels = |levels| list.then_some(levels);
    column.typed::<ByteArrayType>().write_batch(&values, levels(&there[..]), levels(&nested[..])).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    bytes
}

/// How many rows were read, and the error, if any.
fn told(bytes: Vec<u8>) -> (usize, Option<String>) {
    told_within(bytes, MIB)
}

fn told_within(bytes: Vec<u8>, most: usize) -> (usize, Option<String>) {
    let (_, rows, _) = open(bytes, most as u64).unwrap();
    let (good, bad): (Vec<_>, Vec<_>) = rows.map(|(_, row)| row).partition(Result::is_ok);
    (good.len(), bad.into_iter().find_map(Result::err).map(|error| error.message))
}

#[test]
fn a_small_file_with_a_huge_page_is_refused_with_the_bound_whatever_packs_it() {
    let huge = "0".repeat(4 * MIB);
    for codec in codecs() {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for dictionary in [false, true] {
                let bytes = file(&[&huge], codec, version, dictionary);
                assert!(bytes.len() < MIB / 4, "{codec}: {}", bytes.len());
                let (rows, why) = told(bytes);
                assert_eq!(rows, 0, "{codec}");
                assert!(why.as_ref().is_some_and(|why| why.contains("more than 1 MiB")), "{codec}: {why:?}");
            }
        }
    }
}

#[test]
fn many_pages_that_fit_one_by_one_are_refused_where_they_are_held_together() {
    // As many as are decoded at a time: every value keeps its page.
    let part = "0".repeat(MIB / 8);
    let many: Vec<&str> = std::iter::repeat_n(part.as_str(), 32).collect();
    let (_, why) = told(file(&many, Compression::SNAPPY, WriterVersion::PARQUET_1_0, false));
    assert!(why.is_some_and(|why| why.contains("more than 1 MiB")));
}

#[test]
fn what_was_read_gives_its_room_back_and_any_number_of_rows_pass() {
    let part = "0".repeat(MIB / 128);
    let many: Vec<&str> = std::iter::repeat_n(part.as_str(), 1_000).collect();
    for codec in codecs() {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            assert_eq!(told(file(&many, codec, version, false)), (1_000, None), "{codec}");
        }
    }
}

#[test]
fn a_dictionary_may_not_decode_to_more_than_the_bound() {
    // Few bytes each, but a value takes its 32 once decoded.
    let texts: Vec<String> = (0..40_000).map(|n| format!("{n:x}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (rows, why) = told(file(&texts, Compression::UNCOMPRESSED, WriterVersion::PARQUET_1_0, true));
    assert_eq!(rows, 0);
    assert!(why.is_some_and(|why| why.contains("more than 1 MiB")));
}

#[test]
fn a_list_may_not_decode_to_more_than_the_bound() {
    // One row, whose texts are all the same entry of a dictionary of one.
    let texts = vec!["a"; 40_000];
    let bytes = written(&texts, WriterProperties::builder().build(), Repetition::REPEATED);
    assert!(bytes.len() < 8_192, "{}", bytes.len());
    let (rows, why) = told(bytes.clone());
    assert_eq!(rows, 0);
    assert!(why.is_some_and(|why| why.contains("more than 1 MiB")));
    assert_eq!(told_within(bytes, 4 * MIB), (1, None));
}

fn delta(encoding: Encoding, version: WriterVersion) -> WriterProperties {
    WriterProperties::builder().set_writer_version(version).set_dictionary_enabled(false).set_encoding(encoding).build()
}

#[test]
fn texts_written_as_differences_are_read_as_they_were_in_rows_and_in_lists() {
    let texts: Vec<String> = (0..300).map(|n| format!("q{}{}", n / 7, "ü".repeat(n % 90))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for encoding in [Encoding::DELTA_BYTE_ARRAY, Encoding::DELTA_LENGTH_BYTE_ARRAY] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let rows = written(&texts, delta(encoding, version), Repetition::REQUIRED);
            let (_, rows, _) = open(rows, MIB as u64).unwrap();
            let read: Vec<_> = rows.map(|(_, row)| row.unwrap()["input"].as_str().unwrap().to_owned()).collect();
            assert_eq!(read, texts, "{encoding}");
            let list = written(&texts, delta(encoding, version), Repetition::REPEATED);
            let (_, mut rows, _) = open(list, MIB as u64).unwrap();
            assert_eq!(rows.next().unwrap().1.unwrap()["input"], serde_json::json!(texts), "{encoding}");
        }
    }
}

#[test]
fn a_text_that_every_other_one_repeats_counts_each_time() {
    let text = "0".repeat(MIB / 32);
    let bytes = written(
        &vec![text.as_str(); 64],
        delta(Encoding::DELTA_BYTE_ARRAY, WriterVersion::PARQUET_2_0),
        Repetition::REQUIRED,
    );
    assert!(bytes.len() < MIB / 16, "{}", bytes.len());
    let (rows, why) = told(bytes.clone());
    assert_eq!(rows, 0);
    assert!(why.is_some_and(|why| why.contains("more than 1 MiB")));
    assert_eq!(told_within(bytes, 4 * MIB), (64, None));
}

#[test]
fn rows_of_one_huge_text_are_refused_one_by_one_and_the_others_are_read() {
    let huge = "0".repeat(2 * MIB);
    let texts = [huge.as_str(), "a", huge.as_str()];
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let (rows, why) = told_within(written(&texts, properties, Repetition::REQUIRED), 16 * MIB);
    assert_eq!(rows, 1);
    assert!(why.is_some_and(|why| why.contains("the row has") && why.contains("the limit is 1048576")));
}

#[test]
fn lz4_is_read_in_all_three_wrappings_and_bounded_in_each() {
    let text = "abcd".repeat(1_000);
    let block = lz4_flex::block::compress(text.as_bytes());
    let mut frame = lz4_flex::frame::FrameEncoder::new(Vec::new());
    frame.write_all(text.as_bytes()).unwrap();
    let mut hadoop = (text.len() as u32).to_be_bytes().to_vec();
    hadoop.extend((block.len() as u32).to_be_bytes());
    hadoop.extend(&block);
    for packed in [block, frame.finish().unwrap(), hadoop] {
        assert_eq!(unpack(Compression::LZ4, &packed, 4_000).unwrap(), text.as_bytes());
        assert_eq!(unpack(Compression::LZ4, &packed, 3_999), Err(Failure::Over));
    }
}

#[test]
fn bytes_that_are_no_page_are_damage_and_not_too_large() {
    for codec in codecs() {
        let found = unpack(codec, b"\x05no page of anything", 1_000);
        assert!(matches!(found, Err(Failure::Damaged(_))), "{codec}: {found:?}");
    }
}
