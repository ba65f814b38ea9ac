/// JMH benchmarks, one class per operation or pipeline stage. Each class says what bound its figure is to be
/// compared with; `bench/peers/limits.cpp` measures the bounds, and the scripts beside it the peers.
///
/// ```
/// mvn -q -pl java,bench -DskipTests package
/// java -jar bench/target/benchmarks.jar LinearBenchmark -p shape=1024x768x2304 -p dtype=BF16
/// ```
///
/// Every benchmark runs on the backend named by `-p backend=`, with `-p threads=` threads. Besides operations a
/// second there are columns of what those operations do: `gflop` or `mbyte` a second.
package dev.vernacular.bench;
