package dev.vernacular.tokenizer.pieces;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

class CharacterClassesTest {
    private static final byte MARK = 9;
    private static final Pattern WHITE_SPACE = Pattern.compile("\\p{IsWhite_Space}");

    /// Java 24 and 25 know Unicode 16.0, as the table does: an oracle for every code point.
    @Test
    @EnabledForJreRange(min = JRE.JAVA_24, max = JRE.JAVA_25)
    void everyCodePointHasTheClassThatJavaGivesIt() {
        CharacterClasses classes = new CharacterClasses(MARK);

        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            assertThat(classes.of(c)).as("U+%04X", c).isEqualTo(javaClass(c));
        }
    }

    private static byte javaClass(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.UPPERCASE_LETTER,
                    Character.LOWERCASE_LETTER,
                    Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER,
                    Character.OTHER_LETTER -> CharacterClasses.LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
                CharacterClasses.NUMBER;
            case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> MARK;
            default ->
                WHITE_SPACE.matcher(Character.toString(codePoint)).matches()
                        ? CharacterClasses.SPACE
                        : CharacterClasses.OTHER;
        };
    }
}
