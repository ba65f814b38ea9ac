package dev.vernacular.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Expected values follow the grammar files of Hydra 1.3 (`OverrideLexer.g4`, `OverrideParser.g4`) by hand.
class OverridesTest {

    @ParameterizedTest
    @MethodSource("values")
    void aValueIsReadAsHydraReadsIt(String text, Object expected) {
        assertThat(OverrideParser.parse("k=" + text).value()).isEqualTo(expected);
    }

    static Stream<Arguments> values() {
        return Stream.of(
                of("", ""),
                of("1", 1L),
                of("-3", -3L),
                of("+3", 3L),
                of("1_000", 1000L),
                of("01", "01"),
                of("007", "007"),
                of("1.", 1.0),
                of(".5", 0.5),
                of("1e-3", 0.001),
                of("-2.5E+2", -250.0),
                of("1__0", "1__0"),
                of("inf", Double.POSITIVE_INFINITY),
                of("-Inf", Double.NEGATIVE_INFINITY),
                of("nan", Double.NaN),
                of("true", true),
                of("FALSE", false),
                of("trueish", "trueish"),
                of("null", null),
                of("NULL", null),
                of("nullable", "nullable"),
                of("16-mixed", "16-mixed"),
                of("bf16", "bf16"),
                of("a b", "a b"),
                of("  a  b  ", "a  b"),
                of("1 2", "1 2"),
                of("1.0/x", "1.0/x"),
                of("./path_to/model.nemo", "./path_to/model.nemo"),
                of("/a/b-c_d.e:8@x%y?z|w*$", "/a/b-c_d.e:8@x%y?z|w*$"),
                of("a\\,b", "a,b"),
                of("a\\=b", "a=b"),
                of("\\[x\\]", "[x]"),
                of("a\\ ", "a "),
                of("C:\\dir", "C:\\dir"),
                of("'a,b'", "a,b"),
                of("\"it's\"", "it's"),
                of("'it\\'s'", "it's"),
                of("'a\\\\b'", "a\\\\b"),
                of("'a\\\\'", "a\\"),
                of("'1'", "1"),
                of("'ไทย'", "ไทย"),
                of("[]", List.of()),
                of("{}", Map.of()),
                of("[1, a ,'x, y',[2.5]]", List.of(1L, "a", "x, y", List.of(2.5))),
                of("{a:1,b: {c: d e}}", Map.of("a", 1L, "b", Map.of("c", "d e"))),
                of("[null]", Arrays.asList((Object) null)),
                of("${a.b}", "${a.b}"),
                of("${multiply:${.x}, 2}/y", "${multiply:${.x}, 2}/y"),
                of(
                        "{train:[1.0,data/train_text_document], validation:[data/val], test:[data/test]}",
                        Map.of(
                                "train", List.of(1.0, "data/train_text_document"),
                                "validation", List.of("data/val"),
                                "test", List.of("data/test"))));
    }

    private static Arguments of(String text, Object value) {
        return Arguments.of(text, value);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "k",
                "=1",
                "k=a,b",
                "k=900,50,50",
                "k=[1",
                "k={a:1",
                "k={a}",
                "k='x",
                "k=a=b",
                "k=ไทย",
                "k=(x)",
                "k=a#b",
                "k=choice(1,2)",
                "k=range(3)",
                "k=${a",
                "k=[1]x",
                "k='a'b",
                "1a=2",
                "k..l=1",
                "k@p=1",
                "k/l=1",
                "k=a&b"
            })
    void whatHydraRefusesIsRefusedWithTheText(String text) {
        assertThatThrownBy(() -> OverrideParser.parse(text))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(text);
    }

    @Test
    void aCommaListSaysHowToQuoteIt() {
        assertThatThrownBy(() -> OverrideParser.parse("model.data.splits_string=900,50,50"))
                .hasMessageContaining("quote it");
    }

    @Test
    void deepNestingIsRefused() {
        assertThatThrownBy(() -> OverrideParser.parse("k=" + "[".repeat(100_000)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("nested deeper");
    }

    @Test
    void aPlainKeyMustExistAndTheNearestIsNamed() {
        assertThatThrownBy(() -> apply("model.hiden_size=3"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("model.hiden_size")
                .hasMessageContaining("Did you mean model.hidden_size?");
        assertThatThrownBy(() -> apply("lr=3")).hasMessageContaining("Did you mean model.optim.lr?");
    }

    @Test
    void aPlusNeedsANewKeyAndTwoTakeEither() {
        assertThat(get(apply("+model.extra=1"), "model", "extra")).isEqualTo(1L);
        assertThatThrownBy(() -> apply("+model.hidden_size=1")).hasMessageContaining("there already");
        assertThat(get(apply("++model.hidden_size=1"), "model", "hidden_size")).isEqualTo(1L);
        assertThat(get(apply("++model.a.b=1"), "model", "a")).isEqualTo(Map.of("b", 1L));
    }

    @Test
    void aTildeDeletesAndMayAskForAValue() {
        assertThat(apply("~model.optim").toString()).doesNotContain("optim");
        assertThat(apply("~model.hidden_size=8").toString()).doesNotContain("hidden_size");
        assertThatThrownBy(() -> apply("~model.hidden_size=9")).hasMessageContaining("it is 8");
        assertThatThrownBy(() -> apply("~model.absent")).hasMessageContaining("not there");
    }

    @Test
    void aMappingMergesAndAListReplaces() {
        assertThat(get(apply("model.optim={lr: 3}"), "model", "optim"))
                .isEqualTo(Map.of("lr", 3L, "betas", List.of(0.9, 0.98)));
        assertThat(get(apply("model.optim.betas=[1]"), "model", "optim"))
                .isEqualTo(Map.of("lr", 2L, "betas", List.of(1L)));
        assertThat(get(apply("model.prefix={train: [a]}"), "model", "prefix")).isEqualTo(Map.of("train", List.of("a")));
    }

    @Test
    void theLaterOverrideWins() {
        assertThat(get(apply("model.hidden_size=1", "model.hidden_size=2"), "model", "hidden_size"))
                .isEqualTo(2L);
    }

    private static Map<String, Object> apply(String... overrides) {
        Map<String, Object> tree = Yaml.parse(
                "model: {hidden_size: 8, optim: {lr: 2, betas: [0.9, 0.98]}, prefix: ???}", "the test's tree");
        Overrides.parse(List.of(overrides)).applyTo(tree);
        return new LinkedHashMap<>(tree);
    }

    private static Object get(Map<String, Object> tree, String... path) {
        return Tree.get(tree, List.of(path));
    }
}
