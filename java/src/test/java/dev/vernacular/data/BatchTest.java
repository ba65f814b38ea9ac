package dev.vernacular.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BatchTest {
    private static final int EOD = 9;
    private static final SampleSource SAMPLES =
            new Fixed(new int[][] {{1, EOD, 2, 3, EOD, 4}, {EOD, 5, 6, EOD, EOD, 7}});

    @Test
    void byDefaultDocumentsFollowEachOtherAsOne() {
        Batch batch = new Batch(2, 5, Batch.Rules.NONE, 10);

        batch.fill(SAMPLES, new long[] {7, 1, 0}, 1);

        assertThat(batch.ids()).containsExactly(EOD, 5, 6, EOD, EOD, 1, EOD, 2, 3, EOD);
        assertThat(batch.labels()).containsExactly(5, 6, EOD, EOD, 7, EOD, 2, 3, EOD, 4);
        assertThat(batch.positions()).containsExactly(0, 1, 2, 3, 4, 0, 1, 2, 3, 4);
        assertThat(batch.documentStarts()).isEmpty();
        assertThat(batch.counted()).isEqualTo(10);
        assertThat(batch.rowScale(0.5)).containsOnly(0.05);
    }

    @Test
    void theThreeRulesActAfterEachEndOfDocument() {
        Batch batch = new Batch(2, 5, new Batch.Rules(EOD, true, true, true), 10);

        batch.fill(SAMPLES, new long[] {0, 1}, 0);

        assertThat(batch.labels()).containsExactly(EOD, -1, 3, EOD, -1, -1, 6, EOD, -1, -1);
        assertThat(batch.positions()).containsExactly(0, 1, 0, 1, 2, 0, 0, 1, 2, 0);
        assertThat(batch.documentStarts()).containsExactly(0, 0, 2, 2, 2, 0, 1, 1, 1, 4);
        assertThat(batch.counted()).isEqualTo(5);
        assertThat(batch.rowScale(1)).containsExactly(0.2, 0, 0.2, 0.2, 0, 0, 0.2, 0.2, 0, 0);
    }

    @Test
    void paddingCountsForNothing() {
        Batch batch = new Batch(2, 5, new Batch.Rules(EOD, false, true, true), 10);
        batch.fill(SAMPLES, new long[] {0, 1}, 0);

        batch.fill(SAMPLES, new long[] {-1, -1}, 0);

        assertThat(batch.ids()).containsOnly(0);
        assertThat(batch.labels()).containsOnly(-1);
        assertThat(batch.positions()).containsExactly(0, 1, 2, 3, 4, 0, 1, 2, 3, 4);
        assertThat(batch.documentStarts()).containsOnly(0);
        assertThat(batch.rowScale(1)).containsOnly(0);
    }

    @Test
    void anIdOutsideTheVocabularyIsRefusedNamingTheDataset() {
        Batch batch = new Batch(1, 5, Batch.Rules.NONE, 9);

        assertThatThrownBy(() -> batch.fill(SAMPLES, new long[] {0}, 0))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("fixed: token id 9 in sample 0 is not in the model's vocabulary of 9");
    }

    @Test
    void rulesWithoutAnEndOfDocumentAreRefused() {
        assertThatThrownBy(() -> new Batch.Rules(-1, true, false, false)).hasMessageContaining("eod_mask_loss");
    }

    private record Fixed(int[][] samples) implements SampleSource {
        @Override
        public long size() {
            return samples.length;
        }

        @Override
        public int sequenceLength() {
            return samples[0].length - 1;
        }

        @Override
        public int sources() {
            return 1;
        }

        @Override
        public int sourceOf(long index) {
            return 0;
        }

        @Override
        public String nameOf(int source) {
            return "fixed";
        }

        @Override
        public void read(long index, int[] tokens) {
            System.arraycopy(samples[(int) index], 0, tokens, 0, tokens.length);
        }
    }
}
