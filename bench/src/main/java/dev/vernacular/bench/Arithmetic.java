package dev.vernacular.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// The floating-point operations that the measured calls did; JMH divides it by the time.
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Arithmetic {
    /// In thousand millions; a multiply-add is two.
    public double gflop;
}
