"""Writes crates/evals/src/tests/vectors.jsonl: random cases with the score that the pinned public packages give.

    python3 tests/oracle/generate.py
    python3 tests/oracle/generate.py --seed 1 --times 20     # fresh cases, to target/oracle/fresh.jsonl

Fresh cases are run by `cargo test -p weir-evals -- --ignored fresh`. Makes its own virtual environment under target/oracle, installs requirements.txt there and runs itself in it. The seed
is fixed, so that the same packages write the same file. promptfoo's scorers need Node and are not run here: their few
numbers stand in the unit tests of the checks.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import venv

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
VENV = os.path.join(ROOT, "target", "oracle")
FRESH = os.path.join(VENV, "fresh.jsonl")
OUT = os.path.join(ROOT, "crates", "evals", "src", "tests", "vectors.jsonl")


def enter_venv():
    python = os.path.join(VENV, "bin", "python")
    if os.path.realpath(sys.prefix) == os.path.realpath(VENV):
        return
    if not os.path.exists(python):
        venv.create(VENV, with_pip=True)
    subprocess.check_call([python, "-m", "pip", "install", "-q", "-r", os.path.join(HERE, "requirements.txt")])
    os.execv(python, [python, os.path.abspath(__file__), *sys.argv[1:]])


WORDS = ("the cat sat on a mat dying flies relational happiness running An don't U.S. 3.14 1,000 it's re-run (yes) END "
    "日本語 東京、 naïve CAFÉ it’s “quoted” e.g. $5.00 1e5 1e999 nan inf -inf Infinity 1_000 0x1F ½ ² ١٢٣ １２ -- ... … a-b-c C++ <b> &amp; "
    "<skipped> a.b 3. 3, .5 ,5 5- -5 skies news agreed hopping falling generalizations oscillators lying innings dyed ies enjoyed spied sses "
    "say singly possibly adoption The AN We'll you're dogs'").split()
SPACES = [" ", " ", " ", " ", ", ", ". ", "! ", "\n", "\t", "  ", "\u00a0", "\u3000", "\r\n", "\u2028", "\x1c", "-\n", "- "]
PIECES = list("abcdeABC123 .,-+_$%&<>'\"/\\`~()") + ["é", "e\u0301", "ß", "İ", "日", "本", "😀", "👩‍👩‍👧", "\u00a0", "\t", "\n", "ﬁ", "Σ", "ς", "٣",
    "\u0085", "\u2028", "\u200b", "\ufeff", "\u3000", "\x00", "\x1b", "\x1d", "、", "。", "１", "٫", "²", "½", "Ⅳ", "ǆ", "ŉ", "ΐ",
    "ẞ", "İ", "ı", "i\u0307", "K", "ไทย", "한", "أ", "ש", "🏳️‍🌈", "👍🏽", "🇩🇪", "’", "“", "—", "−", "€", "a", "the", "e"]
EDGES = [
    ("", ""), ("", "a"), ("a", ""), (" ", ""), ("a", "a"), (" a ", "a"), ("a", "A"), ("a😀b", "ab"), ("日本語", "日本語"),
    ("STRASSE", "straße"), ("e\u0301", "é"), ("MARTHA", "MARHTA"), ("a\nb", "b\na"), ("the", "a"), ("...", "."),
    ("a b c d e f g h i", "z"), ("x y z a b c", "a b c x y z"), ("\u00a0", " "), ("\x1c", ""), ("&quot;a&amp;b&lt;", "\"a & b <"),
    ("the fast brown fox leaps over the lazy dog", "the quick brown fox jumps over the lazy dog"),
]


def sentence(rng, most=12):
    return "".join(rng.choice(WORDS) + rng.choice(SPACES) for _ in range(rng.randint(0, most)))


def letters(rng, most=20):
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(0, most)))


def edited(rng, text, by_word):
    parts = text.split(" ") if by_word else list(text)
    for _ in range(rng.randint(0, 4)):
        at = rng.randint(0, len(parts))
        kind = rng.random()
        if kind < 0.3:
            parts.insert(at, rng.choice(WORDS if by_word else PIECES))
        elif parts and kind < 0.6:
            parts.pop(at % len(parts))
        elif len(parts) > 1:
            parts.insert(at, parts.pop(rng.randrange(len(parts))))
    return (" " if by_word else "").join(parts)


def pairs(rng, count):
    yield from EDGES
    for _ in range(count):
        by_word = rng.random() < 0.6
        first = sentence(rng) if by_word else letters(rng)
        second = edited(rng, first, by_word) if rng.random() < 0.7 else (sentence(rng) if by_word else letters(rng))
        yield first, second


def value(rng, depth=3):
    kind = rng.randrange(9 if depth else 6)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind == 2:
        return rng.randint(-5, 50)
    if kind == 3:
        # Whole numbers beyond 64 bits are a known deviation.
        return rng.choice([0.5, -1.25, 3.0, 1e16, 1e-7, 2.5e20, 1e308, 5e-324, 1e21, -0.0, 0.0001, 0.00001, 2**53 + 1, 0.30000000000000004])
    if kind in (4, 5):
        return rng.choice(["", "a", "b c", "é", "日本", "😀", "[1,2]", '{"a":1}', "1", "\"", "\n\x7f", "e\u0301", "null",
            "true", "[]", "[1", "\\u0041", "\x00", "\u2028", "NaN", '{"a":1,"a":2}', " [1] ", "[1]x", "\ud7ff", letters(rng, 6)])
    if kind == 6:
        return [value(rng, depth - 1) for _ in range(rng.randint(0, 4))]
    return {rng.choice(["a", "b", "é", "a b", "z", "", "A", "1", "日", "😀", "\n"]): value(rng, depth - 1) for _ in range(rng.randint(0, 4))}


def changed(rng, tree):
    if isinstance(tree, dict) and tree and rng.random() < 0.8:
        key = rng.choice(list(tree))
        return {k: changed(rng, v) if k == key else v for k, v in tree.items()}
    if isinstance(tree, list) and tree and rng.random() < 0.8:
        at = rng.randrange(len(tree))
        return [changed(rng, v) if i == at else v for i, v in enumerate(tree)]
    return value(rng, 1)


# Ranges of code points: letters that fold oddly, marks that combine, other scripts, symbols, what is assigned to nothing.
RANGES = [(0x20, 0x7E)] * 4 + [(0x80, 0x24F), (0x250, 0x36F), (0x370, 0x5FF), (0x600, 0x6FF), (0x900, 0xEFF), (0x10A0, 0x11FF),
    (0x1E00, 0x206F), (0x2070, 0x218F), (0x2460, 0x24FF), (0x2C00, 0x2DFF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xA640, 0xABFF),
    (0xE000, 0xF8FF), (0xF900, 0xFFFF), (0x10400, 0x1044F), (0x1D400, 0x1D7FF), (0x1F300, 0x1FAFF), (0x20000, 0x20FFF), (0xE0000, 0xE01EF)]
FORMS = ["{}", "it is {}", "${:}.", "({})", "**{}**", "{}%", "so {} of {}!", "{}€", "\\boxed{{{}}}", "x={}", "{}.", "-{}", "+{}", "{}k",
    "\"{}\"", "'{}'", "{}\n", "{}/{}", "{}-{}", "{},{}", "1{}e3", "#{}", "<{}>", "{}½", "{}²", "{}⁻¹", "− {}", "−{}", "--{}"]
NUMERALS = ["½", "2½", "10³", "1.5⁻²", "Ⅻ", "①", "²", "一百二十", "三千二百万", "二〇二五", "三点五", "十二⅓", "负五", "廿三", "٣٫١٤", "१२", "１２.５",
    "1'234.5", "1.234,5", "1,5", "12 345", "+-7", "--7", "1.2.3", "e5", "5x", "三天", "½¼", "−3", "1e−3", "兆", "两", "1_000", "1,00,000"]


def scattered(rng, most=20):
    return "".join(chr(rng.randint(*rng.choice(RANGES))) for _ in range(rng.randint(0, most)))


def written(rng, number):
    kind = rng.random()
    if kind < 0.2 and isinstance(number, int):
        return f"{number:,}"
    if kind < 0.3:
        return f"{number:.2f}"
    if kind < 0.35:
        return f"{number:e}"
    if kind < 0.4:
        return f"{float(number):012.3f}"
    return rng.choice(NUMERALS) if kind < 0.55 else str(number)


def number(rng):
    return rng.choice([0, 1, -1, 5, 100, 105, 0.1, 1e-9, 1e300, -3.5, rng.randint(-1000, 1000), round(rng.uniform(-9, 9), 3)])


def main(seed, times, out_path):
    import jiwer
    import numpy
    from autoevals import ExactMatch, JSONDiff, Levenshtein, ListContains, NumericDiff, ValidJSON
    from inspect_ai.scorer._classification import compute_f1, max_exact_score
    from inspect_ai.scorer._common import match_str
    from jsonschema import Draft202012Validator
    from nltk.translate.gleu_score import sentence_gleu
    from nltk.translate.meteor_score import meteor_score
    from rapidfuzz.distance import Hamming, Jaro, JaroWinkler
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics import BLEU, CHRF, TER
    from sklearn.metrics import ndcg_score
    from textstat import textstat

    class NoWordNet:
        """Synonyms need a data set that weir does not ship."""

        def synsets(self, word):
            return []

    rng = random.Random(seed)
    rows = []

    def add(scorer, answer, expected, score, **more):
        score = float(score)
        if math.isfinite(score):
            rows.append({"scorer": scorer, "answer": answer, "expected": expected, "score": score, **more})

    bleu, chrf, chrf_plus, ter = BLEU(effective_order=True), CHRF(), CHRF(word_order=2), TER()
    kinds = ["rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum"]
    rouge = RougeScorer(kinds, use_stemmer=True)

    def seen(text):
        return not any(c.isalnum() for c in text) or any(c.isascii() and c.isalnum() for c in text.lower())

    for a, b in pairs(rng, 45 * times):
        add({"kind": "levenshtein"}, a, b, Levenshtein().eval(a, b).score)
        add({"kind": "jaro"}, a, b, Jaro.normalized_similarity(a, b))
        add({"kind": "jaro_winkler"}, a, b, JaroWinkler.normalized_similarity(a, b))
        add({"kind": "hamming"}, a, b, Hamming.normalized_similarity(a, b))
        add({"kind": "bleu"}, a, b, bleu.sentence_score(a, [b]).score / 100)
        add({"kind": "chrf"}, a, b, chrf.sentence_score(a, [b]).score / 100)
        add({"kind": "chrf", "word_order": 2}, a, b, chrf_plus.sentence_score(a, [b]).score / 100)
        add({"kind": "gleu"}, a, b, sentence_gleu([b.split()], a.split()))
        rate = ter.sentence_score(a, [b]).score / 100
        add({"kind": "ter"}, a, b, max(0.0, 1 - rate), raw=rate)
        if seen(a) and seen(b):
            scores = rouge.score(b, a)
            for kind in kinds:
                add({"kind": "rouge", "variant": kind[5:]}, a, b, scores[kind].fmeasure)
        add({"kind": "exact_match", "mode": "squad"}, a, b, max_exact_score(a, [b]))
        add({"kind": "f1_tokens"}, a, b, compute_f1(a, b))
        add({"kind": "meteor"}, a, b, meteor_score([b.split()], a.split(), wordnet=NoWordNet()))
        words, characters = jiwer.process_words(b, a), jiwer.process_characters(b, a)
        for kind, error in [("wer", words.wer), ("mer", words.mer), ("wil", words.wil), ("cer", characters.cer)]:
            add({"kind": kind}, a, b, max(0.0, 1 - error), raw=error)
        if textstat.lexicon_count(a) > 0:
            for formula, found in [
                ("automated_readability", textstat.automated_readability_index(a)),
                ("coleman_liau", textstat.coleman_liau_index(a)),
                ("lix", textstat.lix(a)),
            ]:
                add({"kind": "readability", "formula": formula, "max": 1e6}, a, "-", found <= 1e6, raw=found)
        # The one case where the two differ on purpose: a target of which nothing is left.
        if b.strip().strip(" \t\n\r\x0b\x0c!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"):
            for location in ["begin", "end", "any", "exact"]:
                add({"kind": "match", "location": location}, a, b, match_str(a, b, location)[1])

    for _ in range(60 * times):
        a, b, c = sentence(rng), sentence(rng), sentence(rng)
        add({"kind": "bleu"}, a, [b, c], bleu.sentence_score(a, [b, c]).score / 100)
        add({"kind": "chrf"}, a, [b, c], chrf.sentence_score(a, [b, c]).score / 100)

    for _ in range(60 * times):
        digits = number(rng)
        text = rng.choice(["{}", "it is {}", "${}.", "({})", "**{}**", "{}%", "so {} of {}!", "<{}", "\\${}"])
        answer = text.format(digits, number(rng))
        target = str(rng.choice([digits, number(rng)]))
        # inspect rounds both to 5 digits; so few are drawn here.
        for location in ["begin", "end", "any", "exact"]:
            score = match_str(answer, target, location, numeric=True)[1]
            add({"kind": "match", "numeric": True, "digits": 5, "location": location}, answer, target, score)
            if abs(float(target)) < 1e5:
                add({"kind": "match", "numeric": True, "location": location}, answer, target, score)

    for _ in range(60 * times):
        a, b = number(rng), number(rng)
        add({"kind": "numeric_diff"}, json.dumps(a), b, NumericDiff().eval(a, b).score)

    for _ in range(220 * times):
        a = value(rng)
        b = changed(rng, a) if rng.random() < 0.7 else value(rng)
        if isinstance(a, (dict, list)) and b is not None:
            add({"kind": "json_diff"}, json.dumps(a, ensure_ascii=False), b, JSONDiff().eval(a, b).score)
            kept = JSONDiff(preserve_strings=True).eval(a, b).score
            if not isinstance(b, str):
                add({"kind": "json_diff", "preserve_strings": True}, json.dumps(a), b, kept)
        if b is not None:
            for answer in [json.dumps(a), json.dumps(b, separators=(",", ":"))]:
                add({"kind": "exact_match", "mode": "autoevals"}, answer, b, ExactMatch().eval(answer, b).score)

    for text in ["{}", "[]", "1", "\"x\"", "null", "", " ", "{'a':1}", "[1,]", "```json\n{}\n```", "[1] x", " [1]\n", "{\"a\":1,\"a\":2}"]:
        add({"kind": "valid_json"}, text, "-", ValidJSON().eval(text).score)
    for _ in range(30 * times):
        text = json.dumps(value(rng), ensure_ascii=rng.random() < 0.5)
        for _ in range(rng.randint(0, 2)):
            at = rng.randint(0, len(text))
            text = text[:at] + rng.choice(["", " ", ",", "]", "}", "\"", "\\", "0", "-", ".", "e5", "\n", "\u00a0", "\ufeff", "/", "'", "1e999", "tru"]) + text[at + rng.randint(0, 1):]
        # Python takes `NaN` and `Infinity`, which are no JSON.
        if "NaN" not in text and "Infinity" not in text:
            add({"kind": "valid_json"}, text, "-", ValidJSON().eval(text).score)

    schemas = [
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 0}}, "additionalProperties": False},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "uniqueItems": True, "maxItems": 3},
        {"anyOf": [{"type": "number", "multipleOf": 0.5}, {"enum": ["a", None]}]},
        {"type": "object", "patternProperties": {"^a": {"type": ["string", "null"]}}, "minProperties": 1},
        {"prefixItems": [{"type": "integer"}, {"const": "b c"}], "items": False},
        {"not": {"type": "object"}, "if": {"type": "array"}, "then": {"contains": {"type": "number"}, "minContains": 2}},
        {"$defs": {"t": {"type": ["array", "integer"], "items": {"$ref": "#/$defs/t"}}}, "$ref": "#/$defs/t"},
        {"type": "string", "format": "date", "pattern": "^.{0,2}$"},
        {"dependentRequired": {"a": ["b"]}, "propertyNames": {"maxLength": 1}},
    ]
    for schema in schemas:
        for _ in range(14 * times):
            tree = value(rng)
            score = Draft202012Validator(schema).is_valid(tree)
            add({"kind": "json_schema", "schema": schema}, json.dumps(tree), "-", score)

    names = ["foo", "bar", "baz", "New York", "new york", "L.A.", "LA", "é", ""]
    for _ in range(50 * times):
        a = [rng.choice(names) for _ in range(rng.randint(0, 5))]
        b = [rng.choice(names) for _ in range(rng.randint(0, 5))]
        add({"kind": "list_contains"}, json.dumps(a), b, ListContains().eval(a, b).score)
        if len(b) >= len(a):
            score = ListContains(allow_extra_entities=True).eval(a, b).score
            add({"kind": "list_contains", "allow_extra": True}, json.dumps(a), b, score)

    for _ in range(25 * times):
        a, targets = letters(rng, 8), [letters(rng, 8) for _ in range(rng.randint(1, 3))]
        if rng.random() < 0.5:
            a, targets = sentence(rng, 3), targets + [sentence(rng, 3)]
        add({"kind": "exact_match", "mode": "squad"}, a, targets, max_exact_score(a, targets))
        listed = [letters(rng, 6) for _ in range(rng.randint(0, 4))]
        add({"kind": "list_contains"}, json.dumps(listed), targets, ListContains().eval(listed, targets).score)

    for _ in range(30 * times):
        ids = rng.sample(range(20), rng.randint(2, 8))
        gains = {str(i): rng.randint(0, 3) for i in ids}
        k = rng.choice([None, rng.randint(1, len(ids))])
        if any(gains.values()):
            truth, ranks = [[gains[str(i)] for i in ids]], [[len(ids) - n for n in range(len(ids))]]
            spec = {"kind": "ndcg"} if k is None else {"kind": "ndcg", "k": k}
            add(spec, json.dumps(ids), gains, ndcg_score(numpy.array(truth), numpy.array(ranks), k=k))

    # Options, several references, and texts of any script.
    every = ["rouge%d" % n for n in range(1, 10)] + ["rougeL", "rougeLsum"]
    stemmed, plain = RougeScorer(every, use_stemmer=True), RougeScorer(every, use_stemmer=False)
    chrfs = {(order, lower): CHRF(word_order=order, lowercase=lower) for order in range(3) for lower in (False, True)}
    for _ in range(25 * times):
        a = sentence(rng) + scattered(rng) if rng.random() < 0.5 else scattered(rng, 30)
        targets = [edited(rng, a, rng.random() < 0.5) for _ in range(rng.randint(1, 3))]
        expected = targets if len(targets) > 1 else targets[0]
        for kind, measure in [("levenshtein", lambda t: Levenshtein().eval(a, t).score), ("hamming", lambda t: Hamming.normalized_similarity(a, t)),
                ("jaro", lambda t: Jaro.normalized_similarity(a, t)), ("jaro_winkler", lambda t: JaroWinkler.normalized_similarity(a, t)),
                ("f1_tokens", lambda t: compute_f1(a, t)),
                ("meteor", lambda t: meteor_score([t.split()], a.split(), wordnet=NoWordNet()))]:
            add({"kind": kind}, a, expected, max(measure(target) for target in targets))
        add({"kind": "exact_match", "mode": "squad"}, a, expected, max_exact_score(a, targets))
        add({"kind": "bleu"}, a, expected, bleu.sentence_score(a, targets).score / 100)
        add({"kind": "gleu"}, a, expected, sentence_gleu([target.split() for target in targets], a.split()))
        rate = ter.sentence_score(a, targets).score / 100
        add({"kind": "ter"}, a, expected, max(0.0, 1 - rate), raw=rate)
        order, lower = rng.randint(0, 2), rng.random() < 0.5
        spec = {"kind": "chrf"} | ({"word_order": order} if order else {}) | ({"lowercase": True} if lower else {})
        add(spec, a, expected, chrfs[order, lower].sentence_score(a, targets).score / 100)
        # A text of marks alone has no letter to us, and no token to rouge_score.
        if all(any(c.isascii() and c.isalnum() for c in text.lower()) for text in [a, *targets]):
            for scorer, more in [(stemmed, {}), (plain, {"no_stemmer": True})]:
                variant = rng.choice(every)
                found = max(scorer.score(target, a)[variant].fmeasure for target in targets)
                add({"kind": "rouge", "variant": variant[5:], **more}, a, expected, found)
        target = rng.choice([targets[0], rng.choice(a.split() or ["x"])])
        if target.strip().strip(" \t\n\r\x0b\x0c!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"):
            cased, marked, location = rng.random() < 0.5, rng.random() < 0.5, rng.choice(["begin", "end", "any", "exact"])
            spec = {"kind": "match", "location": location} | ({"case_sensitive": True} if cased else {}) | ({"keep_punctuation": True} if marked else {})
            add(spec, a, target, match_str(a, target, location, ignore_case=not cased, ignore_punctuation=not marked)[1])

    for _ in range(120 * times):
        first, second = number(rng), number(rng)
        answer = rng.choice(FORMS).format(written(rng, first), written(rng, second))
        target = written(rng, rng.choice([first, first, second]))
        for location in ["begin", "end", "any", "exact"]:
            score = match_str(answer, target, location, numeric=True)[1]
            add({"kind": "match", "numeric": True, "digits": 5, "location": location}, answer, target, score)

    # Orders of words beyond chrF++, from a hand of their own, so that what stands above stays as it is.
    rng = random.Random(seed + 1)
    for _ in range(40 * times):
        order, lower = rng.randint(3, 16), rng.random() < 0.5
        a = sentence(rng, 24)
        targets = [edited(rng, a, True) for _ in range(rng.randint(1, 3))]
        spec = {"kind": "chrf", "word_order": order} | ({"lowercase": True} if lower else {})
        score = CHRF(word_order=order, lowercase=lower).sentence_score(a, targets).score / 100
        add(spec, a, targets if len(targets) > 1 else targets[0], score)

    with open(out_path, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{len(rows)} vectors in {os.path.relpath(out_path, ROOT)}")


if __name__ == "__main__":
    enter_venv()
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int)
    parser.add_argument("--times", type=int, default=1)
    given = parser.parse_args()
    fresh = given.seed is not None
    main(given.seed if fresh else 20240717, given.times, FRESH if fresh else OUT)
