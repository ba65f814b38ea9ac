package dev.vernacular.tokenizer.bpe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/// Bytes 0 to 2 stand for the alphabet a, b, c; merges are drawn at random, so that they overlap and cascade.
class BytePairsTest {
    private record Rule(int left, int right, int product) {}

    private static final int LONGER_THAN_SHORT = 300;

    @RepeatedTest(40)
    void shortAndLongPiecesAreMergedAsBySearchingForTheBestPairEachTime(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        List<Rule> rules = rules(random);
        BytePairs pairs = new BytePairs(IntStream.range(0, 256).toArray(), table(rules));

        for (int length = 1; length < LONGER_THAN_SHORT; length = length * 3 / 2 + 1) {
            byte[] piece = new byte[length];
            for (int i = 0; i < length; i++) {
                piece[i] = (byte) random.nextInt(3);
            }

            assertThat(pairs.encode(piece, 0, length)).containsExactly(bySearch(piece, rules));
        }
    }

    @Test
    void thePieceMayBePartOfALargerArray() {
        BytePairs pairs = new BytePairs(IntStream.range(0, 256).toArray(), table(List.of(new Rule(1, 2, 256))));

        assertThat(pairs.encode(new byte[] {1, 2, 1, 2, 1}, 1, 4)).containsExactly(2, 256);
    }

    @Test
    void theTraceNamesTheMergesInTheirOrder() {
        List<Rule> rules = List.of(new Rule(1, 2, 256), new Rule(0, 256, 257));
        List<Integer> ranks = new ArrayList<>();

        new BytePairs(IntStream.range(0, 256).toArray(), table(rules)).trace(new byte[] {0, 1, 2, 1, 2}, ranks::add);

        assertThat(ranks).containsExactly(0, 0, 1);
    }

    private static List<Rule> rules(Random random) {
        List<Rule> rules = new ArrayList<>();
        List<Integer> symbols = new ArrayList<>(List.of(0, 1, 2));
        for (int i = 0; i < 30; i++) {
            int left = symbols.get(random.nextInt(symbols.size()));
            int right = symbols.get(random.nextInt(symbols.size()));
            if (rules.stream().noneMatch(r -> r.left() == left && r.right() == right)) {
                symbols.add(256 + rules.size());
                rules.add(new Rule(left, right, 256 + rules.size()));
            }
        }
        return rules;
    }

    private static MergeTable table(List<Rule> rules) {
        MergeTable table = new MergeTable(rules.size());
        for (int rank = 0; rank < rules.size(); rank++) {
            table.put(
                    rules.get(rank).left(),
                    rules.get(rank).right(),
                    rank,
                    rules.get(rank).product());
        }
        return table;
    }

    private static int[] bySearch(byte[] piece, List<Rule> rules) {
        List<Integer> ids = new ArrayList<>();
        for (byte b : piece) {
            ids.add((int) b);
        }
        for (int rank = 0; rank < rules.size(); ) {
            Rule rule = rules.get(rank);
            int at = -1;
            for (int i = ids.size() - 2; i >= 0; i--) {
                at = ids.get(i) == rule.left() && ids.get(i + 1) == rule.right() ? i : at;
            }
            if (at < 0) {
                rank++;
            } else {
                ids.set(at, rule.product());
                ids.remove(at + 1);
                rank = 0;
            }
        }
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }
}
