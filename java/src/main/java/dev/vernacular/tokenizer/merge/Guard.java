package dev.vernacular.tokenizer.merge;

import dev.vernacular.tokenizer.training.PieceCounts;
import java.lang.Character.UnicodeScript;
import java.util.Set;

/// What keeps base text cut as it was when merges are added.
public sealed interface Guard permits Guard.None, Guard.Script, Guard.BaseText {
    /// The scripts of base text unless told otherwise: Latin, and what all scripts share.
    Set<UnicodeScript> LATIN = Set.of(UnicodeScript.LATIN, UnicodeScript.COMMON, UnicodeScript.INHERITED);

    /// The name in options and reports.
    String label();

    /// Every merge is admitted, every token appended.
    record None() implements Guard {
        @Override
        public String label() {
            return "none";
        }
    }

    /// A merge is admitted if its product holds a character of a script that base text does not use: it can
    /// then only fire where such a character stands.
    record Script(Set<UnicodeScript> baseScripts) implements Guard {
        public Script {
            baseScripts = Set.copyOf(baseScripts);
        }

        @Override
        public String label() {
            return "script";
        }
    }

    /// A merge is admitted unless it fires on base text.
    ///
    /// @param pieces of that text, cut by the pre-tokenizer of the merged tokenizer
    record BaseText(PieceCounts pieces) implements Guard {
        @Override
        public String label() {
            return "base-text";
        }
    }
}
