"""Texts that are hard on a byte-level BPE tokenizer, from a seed: scripts with and without marks, emoji, control
characters, every kind of white space, contractions, numbers, random code points and pairs of them, long runs."""
import random

SCRIPTS = {
    "latin": (0x61, 0x7A), "latin-1": (0xC0, 0x17F), "cyrillic": (0x430, 0x44F), "greek": (0x3B1, 0x3C9),
    "arabic": (0x621, 0x652), "hebrew": (0x5B0, 0x5EA), "devanagari": (0x900, 0x94D), "bengali": (0x981, 0x9CD),
    "tamil": (0xB82, 0xBCD), "thai": (0xE01, 0xE4E), "lao": (0xE81, 0xECD), "myanmar": (0x1000, 0x103F),
    "khmer": (0x1780, 0x17D3), "kana": (0x3041, 0x30FF), "han": (0x4E00, 0x4FFF), "hangul": (0xAC00, 0xAFFF),
    "combining": (0x300, 0x36F), "gothic": (0x10330, 0x1034A), "math": (0x1D400, 0x1D7FF), "emoji": (0x1F300, 0x1F64F),
}  # fmt: skip
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2003\u200a\u2028\u2029\u202f\u205f\u3000"
WORDS = "the of and to in is it's don't we're I've I'm you'll he'd THE 'S can't o'clock ''s 'tis rock'n'roll".split()
JOINERS = ["\u200d", "\u200b", "\u200e", "\ufe0f", "\u0301", "\u0e48", "\ufeff", "\u00ad"]


def code_point(rng, low=0, high=0x10FFFF):
    while True:
        c = rng.randint(low, high)
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def word(rng, lexicon):
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(WORDS)
    if kind < 0.75:
        return rng.choice(lexicon)
    if kind < 0.80:
        return str(rng.randint(0, 10 ** rng.randint(1, 9)))
    if kind < 0.83:
        return "".join(code_point(rng, 0x660, 0x669) for _ in range(rng.randint(1, 4))) + "½Ⅻ²"[: rng.randint(0, 4)]
    if kind < 0.88:
        return rng.choice("!?.,;:-–—…“”()[]{}#@&*/\\|~^`´'\"<>=+$€£฿%") * rng.choice([1, 1, 1, 2, 3, 8])
    if kind < 0.91:
        return code_point(rng, 0x1F300, 0x1F64F) + rng.choice(JOINERS) + code_point(rng, 0x1F300, 0x1F64F)
    if kind < 0.94:
        return code_point(rng) + code_point(rng)
    if kind < 0.96:
        return code_point(rng, 0, 0x2FFF) + rng.choice(JOINERS)
    if kind < 0.97:
        return code_point(rng, 0, 0x20)
    if kind < 0.98:
        return "<|endoftext|>"[: rng.choice([3, 12, 13, 13])]
    return rng.choice(lexicon)[:1] * rng.randint(20, 200)


def lexicon(rng, size):
    words = []
    for _ in range(size):
        low, high = SCRIPTS[rng.choice(list(SCRIPTS))]
        words.append("".join(code_point(rng, low, high) for _ in range(rng.randint(1, 7))))
    return words


def separator(rng):
    if rng.random() < 0.8:
        return " "
    if rng.random() < 0.4:
        return ""
    return "".join(rng.choice(SPACES) for _ in range(rng.choice([1, 1, 2, 3, 7])))


def texts(seed, count, words_each):
    """`count` texts; the words repeat with Zipf's frequencies, so that there is something to merge."""
    rng = random.Random(seed)
    known = lexicon(rng, 400)
    ranked = [w for i, w in enumerate(known) for _ in range(max(1, 400 // (i + 1)))]
    for _ in range(count):
        yield "".join(word(rng, ranked) + separator(rng) for _ in range(rng.randint(0, words_each)))


def code_points():
    """Every code point but the surrogates, 64 to a text, each between others of known class."""
    every = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    for i in range(0, len(every), 64):
        yield "".join(f"a{chr(c)}1{chr(c)} {chr(c)}!{chr(c)}\n{chr(c)}" for c in every[i : i + 64])
