package dev.vernacular.tokenizer.merge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.Vocabulary;
import dev.vernacular.tokenizer.Vocabulary.AddedToken;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import dev.vernacular.tokenizer.training.BpeTrainer;
import dev.vernacular.tokenizer.training.PieceCounts;
import dev.vernacular.tokenizer.training.TrainingSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TokenizerMergerTest {
    private static final String ENGLISH = "the theme of the thesis, the other theory";
    private static final String THAI = "ราคา ฿5 the thai ภาษาไทย ภาษา ราคา naturally naturally";

    private final Tokenizer base = train(300, PreTokenizer.GPT2, ENGLISH, List.of("<|endoftext|>"));
    private final Tokenizer thai = train(340, PreTokenizer.MARKS, THAI, List.of("<|endoftext|>", "<|thai|>"));

    @Test
    void everyBaseIdAndMergeStaysInItsPlace() {
        Vocabulary merged = merge(new Guard.None()).tokenizer().vocabulary();

        assertThat(merged.tokens()).startsWith(base.vocabulary().tokens().toArray(String[]::new));
        assertThat(merged.merges()).startsWith(base.vocabulary().merges().toArray(Vocabulary.Merge[]::new));
        assertThat(merged.ids().get("<|endoftext|>")).isEqualTo(base.endOfText());
    }

    @Test
    void withoutAGuardEveryTokenIsAppendedInTheOrderOfItsId() {
        List<String> appended = new ArrayList<>(thai.vocabulary().tokens());
        appended.removeAll(base.vocabulary().tokens());

        List<String> merged = merge(new Guard.None()).tokenizer().vocabulary().tokens();

        assertThat(merged.subList(base.size(), merged.size())).isEqualTo(appended);
    }

    @Test
    void theScriptGuardAddsOnlyTokensWithForeignCharacters() {
        TokenizerMerger.Result result = merge(new Guard.Script(Guard.LATIN));

        List<String> tokens = result.tokenizer().vocabulary().tokens();
        assertThat(tokens.subList(base.size(), tokens.size()))
                .isNotEmpty()
                .filteredOn(token -> !token.equals("<|thai|>"))
                .allMatch(token -> token.contains("\u00E0\u00B8") || token.contains("\u00E0\u00B9"));
        assertThat(result.report().droppedByGuard()).isPositive();
        assertThat(result.tokenizer().encode("naturally the theme"))
                .containsExactly(base.encode("naturally the theme"));
    }

    @Test
    void aSignThatAllScriptsShareButThatLiesAmongForeignLettersIsReported() {
        assertThat(merge(new Guard.Script(Guard.LATIN)).report().changedCharacters())
                .containsExactly("฿");
        assertThat(merge(new Guard.None()).report().changedCharacters()).contains("฿");
    }

    @Test
    void theBaseTextGuardDropsWhatFiresOnTheText() {
        String text = "nature and the thaw";
        PieceCounts pieces = new PieceCounts(PreTokenizer.GPT2, Optional.empty());
        pieces.add(text);

        Tokenizer merged = merge(new Guard.BaseText(pieces)).tokenizer();

        assertThat(merge(new Guard.None()).tokenizer().encode(text)).isNotEqualTo(base.encode(text));
        assertThat(merged.encode(text)).containsExactly(base.encode(text));
        assertThat(merged.encode("ราคา").length).isLessThan(base.encode("ราคา").length);
    }

    @Test
    void aSpecialTokenInTheMiddleOfTheBaseKeepsItsIdAndNewOnesFollowTheLargest() {
        Vocabulary old = base.vocabulary();
        List<String> tokens = new ArrayList<>(old.tokens());
        tokens.remove("<|endoftext|>");
        tokens.add(258, "<|endoftext|>");
        Tokenizer middle = Tokenizer.of(new Vocabulary(
                tokens, old.merges(), List.of(new AddedToken(258, "<|endoftext|>", true)), PreTokenizer.GPT2));

        Tokenizer merged = TokenizerMerger.merge(middle, thai, new Guard.Script(Guard.LATIN), PreTokenizer.GPT2)
                .tokenizer();

        assertThat(merged.endOfText()).isEqualTo(258);
        assertThat(merged.vocabulary().tokens().subList(0, middle.size())).isEqualTo(tokens);
        assertThat(merged.encode("<|thai|>")).containsExactly(merged.size() - 1);
    }

    @Test
    void mergingATokenizerWithItselfChangesNothing() {
        TokenizerMerger.Result result = TokenizerMerger.merge(base, base, new Guard.None(), PreTokenizer.GPT2);

        assertThat(result.tokenizer().vocabulary()).isEqualTo(base.vocabulary());
        assertThat(result.report().mergesInBase())
                .isEqualTo(base.vocabulary().merges().size());
    }

    @Test
    void theReportCountsAddUp() {
        MergeReport report = merge(new Guard.Script(Guard.LATIN)).report();

        assertThat(report.addedMerges() + report.mergesInBase() + report.droppedByGuard() + report.droppedWithParts())
                .isEqualTo(thai.vocabulary().merges().size());
        assertThat(report.size()).isEqualTo(report.baseSize() + report.addedTokens());
    }

    @Test
    void aTokenThatThePatternAlwaysCutsIsUnreachable() {
        MergeReport cut = TokenizerMerger.merge(base, thai, new Guard.Script(Guard.LATIN), PreTokenizer.GPT2)
                .report();
        Tokenizer marks = train(300, PreTokenizer.MARKS, "กีกีกี", List.of());
        MergeReport withMarks = TokenizerMerger.merge(base, marks, new Guard.None(), PreTokenizer.GPT2)
                .report();

        assertThat(cut.unreachable()).isZero();
        assertThat(withMarks.unreachable()).isPositive();
    }

    private TokenizerMerger.Result merge(Guard guard) {
        return TokenizerMerger.merge(base, thai, guard, PreTokenizer.GPT2);
    }

    private static Tokenizer train(int size, PreTokenizer preTokenizer, String text, List<String> specials) {
        return BpeTrainer.train(
                new TrainingSettings(size, preTokenizer, Optional.empty(), 1, specials), Stream.of(text));
    }
}
