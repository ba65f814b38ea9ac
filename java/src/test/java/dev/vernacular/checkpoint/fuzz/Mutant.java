package dev.vernacular.checkpoint.fuzz;

import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.RandomGenerator;
import net.jqwik.api.Tuple;

/// A valid file with one to four changes in one of its parts.
record Mutant(Template template, int part, List<Mutation> mutations) {
    /// Mixed into the seeds of the properties: another number gives other files.
    private static final long SEED = Long.getLong("vernacular.fuzz.seed", 0);

    private static final int GENERATION_SIZE = 1000;
    private static final long[] NUMBERS = {
        -1,
        0,
        1,
        0x7f,
        0x80,
        0xff,
        0xffff,
        Integer.MAX_VALUE,
        1L << 31,
        0xffffffffL,
        1L << 32,
        1L << 40,
        1L << 60,
        1L << 62,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        Long.MAX_VALUE - 512
    };
    /// Half of them operations of a pickle.
    private static final int[] BYTES = {
        0, 1, 0x7f, 0x80, 0xff, ' ', '\n', '"', '/', '{', '(', '.', '0', '2', 'N', 'K', 'J', 0x8a, 'X', 'C', '}', ']',
        ')', 0x85, 0x86, 't', 'l', 'a', 'e', 's', 'u', 0x8f, 0x90, 'q', 'h', 'j', 0x94, 'c', 0x93, 'R', 0x81, 'b', 'Q'
    };
    private static final List<String> TEXTS = List.of(
            "0",
            "-1",
            "1",
            "2147483647",
            "2147483648",
            "4294967295",
            "1000000000",
            "9223372036854775807",
            "9223372036854775808",
            "1e999",
            "-0.0",
            "NaN",
            ".nan",
            ".inf",
            "null",
            "~",
            "true",
            "False",
            "\"\"",
            "''",
            "[]",
            "{}",
            "[",
            "]",
            "{",
            "}",
            ":",
            ": ",
            ",",
            "\"",
            "'",
            "\\",
            "&a ",
            "*a",
            "&a [*a]",
            "? [*a]",
            "!!binary ",
            "!!int ",
            "!!float x",
            "!x ",
            "<<",
            "\\ud800",
            "\\u0000",
            "\0",
            "\t",
            "\n",
            "\n  ",
            "\r",
            "- ",
            "|",
            ">",
            "#",
            "%",
            "@",
            "`",
            "---",
            "...",
            "0b_",
            "0x_",
            "0x",
            "0_",
            "1_",
            "+",
            "../x",
            "/etc/passwd",
            "nemo:",
            "rope",
            "tokenizer",
            "cfg",
            "model",
            "\u00ff\u00fe",
            "\u00ed\u00a0\u0080",
            "\u00ef\u00bb\u00bf",
            "\u00c3\u00a9");

    /// Mutants of any part of any of the templates.
    static Arbitrary<Mutant> of(List<Template> templates) {
        List<Tuple.Tuple2<Template, Integer>> parts = templates.stream()
                .flatMap(template -> template.partNumbers().map(part -> Tuple.of(template, part)))
                .toList();
        Arbitrary<Mutant> mutants = Arbitraries.of(parts)
                .flatMap(part -> mutation(part.get1().isText(part.get2()))
                        .list()
                        .ofMinSize(1)
                        .ofMaxSize(4)
                        .map(mutations -> new Mutant(part.get1(), part.get2(), mutations)));
        RandomGenerator<Mutant> generator = mutants.generator(GENERATION_SIZE);
        return Arbitraries.fromGenerator(random -> generator.next(new Random(random.nextLong() + SEED)));
    }

    byte[] bytes() {
        byte[] changed = template.parts().get(part).bytes();
        for (Mutation mutation : mutations) {
            changed = mutation.apply(changed);
        }
        return template.with(part, changed);
    }

    private static Arbitrary<Mutation> mutation(boolean isText) {
        return isText ? Arbitraries.oneOf(List.of(tokens(), tokens(), binary())) : binary();
    }

    private static Arbitrary<Mutation> tokens() {
        return Arbitraries.oneOf(List.of(
                Combinators.combine(place(), Arbitraries.of(TEXTS)).as(Mutation.ReplaceToken::new),
                Combinators.combine(place(), place()).as(Mutation.SwapTokens::new),
                Combinators.combine(place(), Arbitraries.of(1, 2, 70, 2000)).as(Mutation.RepeatToken::new)));
    }

    private static Arbitrary<Mutation> binary() {
        Arbitrary<Integer> length = Arbitraries.of(1, 2, 3, 4, 8, 16, 46, 100, 512, 1024);
        Arbitrary<Integer> value = Arbitraries.integers().between(0, 255);
        return Arbitraries.oneOf(List.of(
                Combinators.combine(place(), Arbitraries.integers().between(0, 7))
                        .as(Mutation.FlipBit::new),
                Combinators.combine(place(), oneOf(BYTES)).as(Mutation.SetByte::new),
                Combinators.combine(place(), value).as(Mutation.SetByte::new),
                number(),
                number(),
                place().map(Mutation.Truncate::new),
                Combinators.combine(place(), length).as(Mutation.Delete::new),
                Combinators.combine(place(), length, value).as(Mutation.Insert::new),
                Combinators.combine(place(), place(), length, Arbitraries.of(true, false))
                        .as(Mutation.Copy::new),
                Combinators.combine(place(), place(), length).as(Mutation.Swap::new)));
    }

    private static Arbitrary<Mutation> number() {
        Arbitrary<Long> value = Arbitraries.integers()
                .between(0, NUMBERS.length - 1)
                .withDistribution(RandomDistribution.uniform())
                .map(index -> NUMBERS[index]);
        return Combinators.combine(place(), Arbitraries.of(2, 4, 8), Arbitraries.of(false, false, true), value)
                .as(Mutation.SetNumber::new);
    }

    private static Arbitrary<Integer> oneOf(int[] values) {
        return Arbitraries.integers()
                .between(0, values.length - 1)
                .withDistribution(RandomDistribution.uniform())
                .map(index -> values[index]);
    }

    private static Arbitrary<Integer> place() {
        return Arbitraries.integers().between(0, Integer.MAX_VALUE).withDistribution(RandomDistribution.uniform());
    }

    @Override
    public String toString() {
        return template.name() + ", " + template.parts().get(part).name() + ": " + mutations;
    }
}
