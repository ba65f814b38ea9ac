package dev.vernacular.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InterpolationsTest {

    @Test
    void anAbsoluteNameIsFollowedFromTheRootAndKeepsItsType() {
        assertThat(value("{a: {b: 3}, x: '${a.b}'}")).isEqualTo(3L);
        assertThat(value("{a: [1, 2], x: '${a}'}")).isEqualTo(List.of(1L, 2L));
    }

    @Test
    void aPointLooksAmongTheSiblingsAndTwoAboveThem() {
        assertThat(Interpolations.resolve(Yaml.parse("{n: 1, m: {n: 2, x: '${.n}', y: '${..n}'}}", "test")))
                .containsEntry("m", Map.of("n", 2L, "x", 2L, "y", 1L));
    }

    @Test
    void aChainIsFollowedToItsEnd() {
        assertThat(value("{a: '${b}', b: '${c.d}', c: {d: 5, e: 1}, x: '${a}'}"))
                .isEqualTo(5L);
    }

    @Test
    void aRelativeNameBelongsToThePlaceWhereItStands() {
        assertThat(value("{m: {a: '${.b}', b: 7}, b: 1, x: '${m.a}'}")).isEqualTo(7L);
    }

    @Test
    void withinATextAValueIsSpelled() {
        assertThat(value("{a: 3, b: true, x: 'run-${a}-${b}'}")).isEqualTo("run-3-true");
        assertThat(value("{x: 'cost \\${a}'}")).isEqualTo("cost ${a}");
    }

    @Test
    void numbersAreMultipliedAndAdded() {
        assertThat(value("{a: 3, x: '${multiply:${a}, 4}'}")).isEqualTo(12L);
        assertThat(value("{a: 3, x: '${sum:${a},0.5}'}")).isEqualTo(3.5);
    }

    @Test
    void aMandatoryValueStaysUntilItIsRead() {
        assertThat(value("{a: ???, x: '${a}'}")).isEqualTo("???");
    }

    @Test
    void anUnknownNameFunctionOrCircleIsRefusedNamingTheKey() {
        assertThatThrownBy(() -> value("{x: '${no.such}'}"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("x refers to ${no.such}");
        assertThatThrownBy(() -> value("{x: '${oc.env:HOME}'}")).hasMessageContaining("oc.env");
        assertThatThrownBy(() -> value("{x: '${y}', y: '${x}'}")).hasMessageContaining("itself");
        assertThatThrownBy(() -> value("{x: '${y'}")).hasMessageContaining("not closed");
        assertThatThrownBy(() -> value("{a: b, x: '${multiply:${a},1}'}")).hasMessageContaining("takes numbers");
    }

    private static Object value(String yaml) {
        return Interpolations.resolve(Yaml.parse(yaml, "test")).get("x");
    }
}
