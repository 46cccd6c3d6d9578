//! Bad files, and exactly what a person reads about each: `bad_files.txt` holds a file, `=>`, and what is printed.

use std::path::Path;

use weir_config::parse;

const TABLE: &str = include_str!("bad_files.txt");

fn env(name: &str) -> Option<String> {
    match name {
        "GOOD_KEY" => Some("a-good-secret-of-some-length".into()),
        "EMPTY_KEY" => Some(String::new()),
        "AZURE_CLIENT_SECRET" => Some("half-a-principal".into()),
        "SPLIT_KEY" => Some("two words".into()),
        _ => None,
    }
}

#[test]
fn every_bad_file_is_told_where_what_and_the_next_step() {
    let cases: Vec<&str> = TABLE.split_terminator("\n----\n").collect();
    assert!(cases.len() >= 20, "{} cases", cases.len());
    let mut actual = String::new();
    for case in cases {
        let (text, _) = case.split_once("\n=>\n").unwrap();
        let printed = parse(text, Path::new("weir.toml"), &env)
            .map_or_else(|invalid| invalid.to_string(), |_| "nothing is wrong".into());
        assert!(!printed.contains("sk-live"), "a secret is repeated:\n{printed}");
        actual += &format!("{text}\n=>\n{printed}\n----\n");
    }
    assert_eq!(actual, TABLE);
}
