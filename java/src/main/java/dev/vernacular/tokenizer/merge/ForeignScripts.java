package dev.vernacular.tokenizer.merge;

import java.lang.Character.UnicodeScript;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// Tells whether bytes of a token can stand only in text with a script foreign to the base.
///
/// A token may end inside a character. Its bytes then stand for all characters that begin so: they count as
/// foreign if none of these is a letter of the base's scripts and most are foreign. `E0 B8` begins the Thai
/// letters, and the sign ฿, which all scripts share: without this allowance no Thai letter could ever be one
/// token.
final class ForeignScripts {
    private final Set<UnicodeScript> baseScripts;
    private final Map<Integer, Boolean> ranges = new HashMap<>();

    ForeignScripts(Set<UnicodeScript> baseScripts) {
        this.baseScripts = baseScripts;
    }

    /// Whether `token`, a run of bytes of some UTF-8 text, holds a foreign character. Bytes whose lead is
    /// missing tell nothing.
    boolean isIn(byte[] token) {
        for (int i = 0; i < token.length; ) {
            int length = length(token[i]);
            if (length > 0 && beginsForeign(token, i, Math.min(length, token.length - i), length)) {
                return true;
            }
            i += Math.max(length, 1);
        }
        return false;
    }

    /// The length of the character that `lead` begins, 0 if it begins none.
    private static int length(byte lead) {
        int b = lead & 0xFF;
        return b < 0x80 ? 1 : b < 0xC2 ? 0 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : b < 0xF5 ? 4 : 0;
    }

    private boolean beginsForeign(byte[] token, int from, int present, int length) {
        int bits = length == 1 ? token[from] : token[from] & 0xFF >> length + 1;
        for (int i = from + 1; i < from + present; i++) {
            bits = bits << 6 | token[i] & 0x3F;
        }
        int missing = 6 * (length - present);
        int first = bits << missing;
        int last = Math.min(first | (1 << missing) - 1, Character.MAX_CODE_POINT);
        return missing == 0
                ? isForeign(script(first))
                : ranges.computeIfAbsent(first << 5 | missing, key -> isForeign(first, last));
    }

    private boolean isForeign(int first, int last) {
        int foreign = 0;
        int shared = 0;
        for (int c = first; c <= last; c++) {
            UnicodeScript script = script(c);
            if (isForeign(script)) {
                foreign++;
            } else if (script == UnicodeScript.COMMON || script == UnicodeScript.INHERITED) {
                shared++;
            } else if (script != UnicodeScript.UNKNOWN) {
                return false;
            }
        }
        return foreign > shared;
    }

    private boolean isForeign(UnicodeScript script) {
        return script != UnicodeScript.UNKNOWN && !baseScripts.contains(script);
    }

    private static UnicodeScript script(int codePoint) {
        return UnicodeScript.of(codePoint);
    }
}
