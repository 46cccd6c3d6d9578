//! The small words of the languages that are written in Latin letters: articles, pronouns, prepositions, and what questions
//! begin with. A word of several languages counts for each.

use weir_core::language::Language;

/// The languages, each the bit of its place.
pub(super) const LANGUAGES: [Language; 7] = [
    Language::English,
    Language::Spanish,
    Language::French,
    Language::German,
    Language::Portuguese,
    Language::Italian,
    Language::Dutch,
];

/// Letters that none of them has.
pub(super) const FOREIGN: &str = "łŁąęśŚźŹżŻćńčřěůšŠžŽåÅøØæÆğşŞıİőűțșȚȘăđĐōūāēņļķ";

const EN: u8 = 1;
const ES: u8 = 1 << 1;
const FR: u8 = 1 << 2;
const DE: u8 = 1 << 3;
const PT: u8 = 1 << 4;
const IT: u8 = 1 << 5;
const NL: u8 = 1 << 6;

/// The languages that have this word, in small letters; 0 for none.
pub(super) fn languages(word: &[u8]) -> u8 {
    let found = WORDS.binary_search_by(|(known, _)| known.as_bytes().cmp(word));
    found.ok().and_then(|place| WORDS.get(place)).map_or(0, |(_, languages)| *languages)
}

/// In order of their bytes.
#[rustfmt::skip]
const WORDS: &[(&str, u8)] = &[
    ("aan", NL), ("aber", DE), ("about", EN), ("al", ES | IT), ("alla", IT), ("als", NL), ("an", EN), ("anche", IT),
    ("and", EN), ("ao", PT), ("are", EN), ("as", PT), ("au", FR), ("auch", DE), ("auf", DE), ("aux", FR),
    ("avec", FR), ("be", EN), ("bei", DE), ("bij", NL), ("bist", DE), ("bitte", DE), ("bonjour", FR), ("but", EN),
    ("can", EN), ("ce", FR), ("ces", FR), ("cette", FR), ("che", IT), ("chi", IT), ("ciao", IT), ("com", PT),
    ("come", IT), ("comment", FR), ("como", ES | PT), ("con", ES | IT), ("cosa", IT), ("could", EN), ("cuál", ES),
    ("cuáles", ES), ("cuándo", ES), ("cómo", ES), ("da", PT | IT), ("dal", IT), ("dans", FR), ("das", DE | PT),
    ("dass", DE), ("dat", NL), ("de", ES | FR | PT | NL), ("dei", IT), ("del", ES | IT), ("della", IT), ("delle", IT),
    ("dem", DE), ("den", DE), ("der", DE), ("des", FR | DE), ("deze", NL), ("di", IT), ("die", DE | NL), ("dit", NL),
    ("do", EN | PT), ("does", EN), ("dos", PT), ("dove", IT), ("du", FR | DE), ("dónde", ES), ("e", PT | IT),
    ("een", NL), ("ein", DE), ("eine", DE), ("einem", DE), ("einen", DE), ("einer", DE), ("el", ES), ("elle", FR),
    ("em", PT), ("en", ES | FR | NL), ("entre", ES), ("er", NL), ("es", ES | DE), ("est", FR), ("esta", ES | PT),
    ("este", ES | PT), ("está", ES | PT), ("están", ES), ("et", FR), ("eu", PT), ("explain", EN), ("favor", ES | PT),
    ("for", EN), ("from", EN), ("für", DE), ("give", EN), ("gli", IT), ("graag", NL), ("haben", DE), ("hai", IT),
    ("has", EN), ("hat", DE), ("have", EN), ("hay", ES), ("hebben", NL), ("heeft", NL), ("het", NL), ("ho", IT),
    ("hoe", NL), ("hola", ES), ("how", EN), ("ich", DE), ("if", EN), ("ihr", DE), ("ik", NL), ("il", FR | IT),
    ("im", DE), ("in", EN | DE | IT | NL), ("io", IT), ("is", EN | NL), ("isso", PT), ("ist", DE), ("it", EN),
    ("its", EN), ("je", FR | NL), ("jij", NL), ("kan", NL), ("kann", DE), ("kannst", DE), ("kun", NL),
    ("la", ES | FR | IT), ("las", ES), ("le", ES | FR | IT), ("les", FR), ("lo", ES | IT), ("los", ES),
    ("ma", FR | IT), ("maar", NL), ("mag", NL), ("mais", PT), ("man", DE), ("mas", PT), ("me", EN | ES), ("mein", DE),
    ("meine", DE), ("mes", FR), ("met", NL), ("meu", PT), ("mi", ES | IT), ("mia", IT), ("mijn", NL), ("minha", PT),
    ("mio", IT), ("mir", DE), ("mit", DE), ("mon", FR), ("muy", ES), ("my", EN), ("más", ES), ("na", PT),
    ("naar", NL), ("nach", DE), ("nas", PT), ("ne", FR), ("nel", IT), ("nella", IT), ("nicht", DE), ("niet", NL),
    ("no", ES | PT), ("non", IT), ("nos", PT), ("not", EN), ("nous", FR), ("não", PT), ("o", PT), ("oder", DE),
    ("of", EN | NL), ("olá", PT), ("om", NL), ("on", EN), ("onde", PT), ("ook", NL), ("op", NL), ("or", EN),
    ("os", PT), ("ou", FR), ("over", NL), ("où", FR), ("par", FR), ("para", ES | PT), ("pas", FR), ("pela", PT),
    ("pelo", PT), ("per", IT), ("perché", IT), ("pero", ES), ("più", IT), ("please", EN), ("plus", FR),
    ("por", ES | PT), ("posso", PT), ("pour", FR), ("pourquoi", FR), ("puedes", ES), ("puedo", ES), ("puoi", IT),
    ("quais", PT), ("qual", PT | IT), ("quale", IT), ("quando", PT | IT), ("que", ES | FR | PT), ("quel", FR),
    ("quelle", FR), ("quem", PT), ("questa", IT), ("questo", IT), ("qui", FR), ("quoi", FR), ("qué", ES),
    ("se", ES | FR | PT | IT), ("should", EN), ("si", ES | FR | IT), ("sia", IT), ("sich", DE), ("sie", DE),
    ("sin", ES), ("sind", DE), ("sobre", ES | PT), ("son", ES), ("sono", IT), ("sont", FR), ("soy", ES), ("su", ES),
    ("sul", IT), ("sur", FR), ("são", PT), ("te", NL), ("tell", EN), ("tem", PT), ("tengo", ES), ("than", EN),
    ("that", EN), ("the", EN), ("their", EN), ("then", EN), ("there", EN), ("these", EN), ("they", EN), ("this", EN),
    ("those", EN), ("to", EN), ("tu", FR | IT), ("uit", NL), ("um", PT), ("uma", PT), ("un", ES | FR | IT),
    ("una", ES | IT), ("und", DE), ("une", FR), ("van", NL), ("você", PT), ("von", DE), ("voor", NL), ("votre", FR),
    ("vous", FR), ("waar", NL), ("waarom", NL), ("wann", DE), ("wanneer", NL), ("war", DE), ("warum", DE),
    ("was", EN | DE | NL), ("wat", NL), ("we", EN), ("welche", DE), ("welke", NL), ("wenn", DE), ("wer", DE),
    ("were", EN), ("what", EN), ("when", EN), ("where", EN), ("which", EN), ("who", EN), ("why", EN),
    ("wie", DE | NL), ("wil", NL), ("will", EN), ("wir", DE), ("wird", DE), ("with", EN), ("wo", DE), ("wordt", NL),
    ("would", EN), ("write", EN), ("y", ES), ("you", EN), ("your", EN), ("zijn", NL), ("zou", NL), ("zu", DE),
    ("zum", DE), ("zur", DE), ("ça", FR), ("è", IT), ("é", PT), ("être", FR), ("über", DE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_in_order_and_each_language_has_some() {
        assert!(WORDS.windows(2).all(|pair| pair[0].0.as_bytes() < pair[1].0.as_bytes()));
        for (place, language) in LANGUAGES.into_iter().enumerate() {
            let own = WORDS.iter().filter(|(_, languages)| *languages == 1 << place).count();
            assert!(own >= 20, "{language:?} has {own} words of its own");
        }
        assert_eq!((languages(b"und"), languages(b"la"), languages(b"xyz")), (DE, ES | FR | IT, 0));
    }
}
