package dev.vernacular.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// What the measured operations did; JMH divides it by the time.
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Work {
    /// Floating-point operations, in thousand millions; a multiply-add is two.
    public double gflop;

    /// Bytes of memory traffic that the operation cannot do without, in thousand millions.
    public double gbyte;
}
