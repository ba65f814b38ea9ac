package dev.vernacular.data.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.files.Document;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DigestSetTest {
    @Test
    void aMemberIsNewOnce() {
        DigestSet set = new DigestSet();

        assertThat(IntStream.range(0, 5000).allMatch(i -> set.add(digest("t" + i))))
                .isTrue();
        assertThat(IntStream.range(0, 5000).noneMatch(i -> set.add(digest("t" + i))))
                .isTrue();
    }

    @Test
    void twoTextsAreNotOneThatReadsTheSame() {
        assertThat(digest("ab", "c")).isNotEqualTo(digest("a", "bc"));
    }

    private static Digest digest(String... texts) {
        return Digest.of(new Document(Path.of("f"), 1, List.of(texts), 0));
    }
}
