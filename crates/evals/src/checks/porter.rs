//! The Porter stemmer (Porter 1980) with the extensions of NLTK, which rouge_score uses. It is not Snowball's English
//! stemmer: `flies` becomes `fli`, `dying` becomes `die`.

const IRREGULAR: &[(&str, &str)] = &[
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

/// The stem of a word in lower case.
pub(crate) fn stem(word: &str) -> String {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(irregular, _)| *irregular == word) {
        return (*stem).to_owned();
    }
    if word.chars().count() <= 2 {
        return word.to_owned();
    }
    let word = plural(word);
    let word = past(&word);
    let word = final_y(word);
    let word = double_suffix(word);
    let word = rules(&word, STEP_3, |stem, _| measure(stem) > 0);
    let word =
        rules(&word, STEP_4, |stem, suffix| measure(stem) > 1 && (suffix != "ion" || stem.ends_with(['s', 't'])));
    tidy(word)
}

const STEP_2: &[(&str, &str)] = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
    ("logi", "log"),
];

const STEP_3: &[(&str, &str)] =
    &[("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

const STEP_4: &[(&str, &str)] = &[
    ("al", ""),
    ("ance", ""),
    ("ence", ""),
    ("er", ""),
    ("ic", ""),
    ("able", ""),
    ("ible", ""),
    ("ant", ""),
    ("ement", ""),
    ("ment", ""),
    ("ent", ""),
    ("ion", ""),
    ("ou", ""),
    ("ism", ""),
    ("ate", ""),
    ("iti", ""),
    ("ous", ""),
    ("ive", ""),
    ("ize", ""),
];

/// The first rule whose suffix fits decides, whether or not its condition holds.
fn rules(word: &str, rules: &[(&str, &str)], condition: impl Fn(&str, &str) -> bool) -> String {
    for (suffix, replacement) in rules {
        if let Some(stem) = word.strip_suffix(suffix) {
            return if condition(stem, suffix) { format!("{stem}{replacement}") } else { word.to_owned() };
        }
    }
    word.to_owned()
}

fn plural(word: &str) -> String {
    if word.ends_with("ies") && word.chars().count() == 4 {
        return word.trim_end_matches('s').to_owned();
    }
    rules(word, &[("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", "")], |_, _| true)
}

fn past(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ied") {
        return format!("{stem}{}", if word.chars().count() == 4 { "ie" } else { "i" });
    }
    if let Some(stem) = word.strip_suffix("eed") {
        return if measure(stem) > 0 { format!("{stem}ee") } else { word.to_owned() };
    }
    let stem = ["ed", "ing"].iter().filter_map(|suffix| word.strip_suffix(suffix)).find(|stem| has_vowel(stem));
    let Some(stem) = stem else {
        return word.to_owned();
    };
    for (suffix, whole) in [("at", "ate"), ("bl", "ble"), ("iz", "ize")] {
        if let Some(head) = stem.strip_suffix(suffix) {
            return format!("{head}{whole}");
        }
    }
    let letters: Vec<char> = stem.chars().collect();
    if let [.., before, last] = letters.as_slice()
        && before == last
        && is_consonant(&letters, letters.len() - 1)
    {
        let single = !matches!(last, 'l' | 's' | 'z');
        return if single { letters.iter().take(letters.len() - 1).collect() } else { stem.to_owned() };
    }
    if measure(stem) == 1 && ends_cvc(stem) { format!("{stem}e") } else { stem.to_owned() }
}

fn final_y(word: String) -> String {
    match word.strip_suffix('y') {
        Some(stem) if stem.chars().count() > 1 && ends_in_consonant(stem) => format!("{stem}i"),
        _ => word,
    }
}

fn double_suffix(word: String) -> String {
    if let Some(stem) = word.strip_suffix("alli").filter(|stem| measure(stem) > 0) {
        return double_suffix(format!("{stem}al"));
    }
    rules(&word, STEP_2, |stem, suffix| match suffix {
        // The condition counts the `l` too.
        "logi" => measure(&format!("{stem}l")) > 0,
        _ => measure(stem) > 0,
    })
}

fn tidy(word: String) -> String {
    let word = match word.strip_suffix('e') {
        Some(stem) if measure(stem) > 1 || (measure(stem) == 1 && !ends_cvc(stem)) => stem.to_owned(),
        _ => word,
    };
    match word.strip_suffix('l') {
        Some(stem) if stem.ends_with('l') && measure(stem) > 1 => stem.to_owned(),
        _ => word,
    }
}

/// Letter by letter; `y` is a consonant at the start and after a vowel.
fn consonants(word: &[char]) -> Vec<bool> {
    let mut flags: Vec<bool> = Vec::with_capacity(word.len());
    for letter in word {
        flags.push(match letter {
            'a' | 'e' | 'i' | 'o' | 'u' => false,
            'y' => flags.last().is_none_or(|before| !before),
            _ => true,
        });
    }
    flags
}

fn is_consonant(word: &[char], at: usize) -> bool {
    consonants(word).get(at).copied().unwrap_or(false)
}

fn ends_in_consonant(word: &str) -> bool {
    consonants(&word.chars().collect::<Vec<_>>()).last().copied().unwrap_or(false)
}

/// How often a vowel is followed by a consonant.
fn measure(word: &str) -> usize {
    let flags = consonants(&word.chars().collect::<Vec<_>>());
    flags.windows(2).filter(|pair| matches!(pair, [false, true])).count()
}

fn has_vowel(word: &str) -> bool {
    consonants(&word.chars().collect::<Vec<_>>()).contains(&false)
}

fn ends_cvc(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    match consonants(&letters).as_slice() {
        [.., true, false, true] => {
            !letters.ends_with(&['w']) && !letters.ends_with(&['x']) && !letters.ends_with(&['y'])
        }
        [false, true] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn stems_are_those_of_nltk() {
        for (word, want) in [
            ("caresses", "caress"),
            ("flies", "fli"),
            ("dies", "die"),
            ("dying", "die"),
            ("mules", "mule"),
            ("denied", "deni"),
            ("died", "die"),
            ("agreed", "agre"),
            ("owned", "own"),
            ("humbled", "humbl"),
            ("sized", "size"),
            ("meeting", "meet"),
            ("stating", "state"),
            ("itemization", "item"),
            ("sensational", "sensat"),
            ("traditional", "tradit"),
            ("reference", "refer"),
            ("colonizer", "colon"),
            ("plotted", "plot"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("enjoy", "enjoy"),
            ("happy", "happi"),
            ("rational", "ration"),
            ("geology", "geolog"),
            ("controll", "control"),
        ] {
            assert_eq!(stem(word), want, "{word}");
        }
    }
}
