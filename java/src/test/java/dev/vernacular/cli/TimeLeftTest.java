package dev.vernacular.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.train.StepListener.Step;
import org.junit.jupiter.api.Test;

class TimeLeftTest {
    private final TimeLeft timeLeft = new TimeLeft();

    @Test
    void nothingIsSaidBeforeThereAreEnoughSteps() {
        for (int step = 1; step <= 5; step++) {
            timeLeft.add(step(step, 100));
        }

        assertThat(timeLeft.seconds(step(5, 100))).isEmpty();
    }

    @Test
    void theSlowFirstStepDoesNotCount() {
        timeLeft.add(step(1, 60_000));
        for (int step = 2; step <= 10; step++) {
            timeLeft.add(step(step, 500));
        }

        assertThat(timeLeft.seconds(step(10, 500))).hasValue(0.5 * 90);
    }

    @Test
    void anotherRunStartsAnew() {
        for (int step = 1; step <= 10; step++) {
            timeLeft.add(step(step, 500));
        }

        timeLeft.add(step(1, 500));

        assertThat(timeLeft.seconds(step(1, 500))).isEmpty();
    }

    private static Step step(int number, double milliseconds) {
        return new Step(number, 100, 3, 1e-3, 1, 1, false, number, 1, milliseconds);
    }
}
