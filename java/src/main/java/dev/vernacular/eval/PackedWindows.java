package dev.vernacular.eval;

import dev.vernacular.model.GptModel;
import dev.vernacular.model.ModelMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Windows side by side in the rows of one batch, none of which sees another: short documents cost no more than
/// their tokens.
final class PackedWindows {
    private static final double[] NO_SCALE = {};
    private static final int[] NO_STARTS = {};
    private final int context;
    private final int[] used; // tokens in each row
    private final List<Place> places = new ArrayList<>();
    private int row;

    private record Place(Window window, int row, int offset) {}

    /// Receives the place in the batch of each token that counts.
    interface Targets {
        /// @param cell   row of the batch, 0 .. B T - 1
        /// @param target index of the predicted token in its sequence
        void accept(int cell, Window window, int target);
    }

    PackedWindows(int rows, int context) {
        this.context = context;
        used = new int[rows];
    }

    boolean isEmpty() {
        return places.isEmpty();
    }

    /// @return false if there is no room left
    boolean add(Window window) {
        while (row < used.length && used[row] + window.length() > context) {
            row++;
        }
        if (row == used.length) {
            return false;
        }
        places.add(new Place(window, row, used[row]));
        used[row] += window.length();
        return true;
    }

    /// Fills the batch of a model no larger than the windows need.
    GptModel load(ModelMemory memory) {
        int rows = places.getLast().row() + 1;
        int length = length();
        int[] ids = new int[rows * length];
        int[] positions = new int[rows * length];
        int[] labels = new int[rows * length];
        int[] starts = new int[rows * length];
        Arrays.fill(labels, -1);
        for (Place place : places) {
            Window window = place.window();
            for (int i = 0; i < window.length(); i++) {
                int cell = place.row() * length + place.offset() + i;
                ids[cell] = window.tokens()[window.start() + i];
                positions[cell] = i;
                labels[cell] = window.label(i);
                starts[cell] = place.offset();
            }
        }
        boolean areAlone = places.size() == rows;
        GptModel model = memory.model(rows, length);
        model.batch().load(ids, positions, labels, NO_SCALE, areAlone ? NO_STARTS : starts);
        return model;
    }

    void forEachTarget(Targets targets) {
        int length = length();
        for (Place place : places) {
            Window window = place.window();
            for (int target = window.firstTarget(); target <= window.end(); target++) {
                int cell = place.row() * length + place.offset() + target - window.start() - 1;
                targets.accept(cell, window, target);
            }
        }
    }

    private int length() {
        return Arrays.stream(used).max().orElseThrow();
    }
}
