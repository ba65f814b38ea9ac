package dev.vernacular.checkpoint.pickle;

import java.util.List;
import java.util.Optional;

/// Turns the calls recorded in a pickle into values, by an allow-list of names; the rest stays inert.
public interface Reconstructor {
    /// @param function  what Python would call
    /// @param arguments of the call; may hold nulls (None)
    /// @return the value, or empty for a function that is not rebuilt
    /// @throws IllegalArgumentException if the arguments are not what that function takes; the reader adds file
    ///                                  and offset
    Optional<Object> call(Global function, List<Object> arguments);

    /// @param id a persistent id, torch's reference to a storage
    /// @throws IllegalArgumentException as for [#call]
    Object persistent(Object id);
}
