using Palisade.Benchmarks.ApiServer;
using Palisade.Benchmarks.Compile;
using Palisade.Benchmarks.Cut;
using Palisade.Benchmarks.Dataplane;
using Palisade.Benchmarks.Drift;
using Palisade.Benchmarks.Enforcement;
using Palisade.Benchmarks.Flows;
using Palisade.Benchmarks.Incremental;
using Palisade.Benchmarks.Memory;
using Palisade.Benchmarks.Start;
using Palisade.Benchmarks.Throughput;

return args switch
{
    ["enforcement", .. var rest] => await EnforcementBenchmark.RunAsync(rest),
    ["dataplane", .. var rest] => DataplaneBenchmark.Run(rest),
    ["compile", .. var shapes] => CompileBenchmark.Run(shapes),
    ["apiserver"] => await ApiServerBenchmark.RunAsync(jit: false, 1000, 1),
    ["apiserver-jit"] => await ApiServerBenchmark.RunAsync(jit: true, 1000, 1),
    ["apiserver", var changes, var watches] =>
        await ApiServerBenchmark.RunAsync(jit: false, int.Parse(changes), int.Parse(watches)),
    ["cut"] => CutBenchmark.Run(100),
    ["cut", var changes] => CutBenchmark.Run(int.Parse(changes)),
    ["drift", .. var rest] => await DriftBenchmark.RunAsync(rest),
    ["memory", .. var rest] => await MemoryBenchmark.RunAsync(rest),
    ["throughput"] => ThroughputBenchmark.Run(40),
    ["throughput", var rounds] => ThroughputBenchmark.Run(int.Parse(rounds)),
    ["start"] => StartBenchmark.Run(200),
    ["start", var runs] => StartBenchmark.Run(int.Parse(runs)),
    ["compile-once", var shape] => CompileMeasurement.Print(shape),
    ["verdict", .. var shapes] => VerdictBenchmark.Verdicts(shapes),
    ["verdict-once", var shape] => VerdictBenchmark.PrintVerdicts(shape),
    ["connectivity", .. var shapes] => VerdictBenchmark.Connectivity(shapes),
    ["connectivity-once", var shape] => ConnectivityMeasurement.Print(shape),
    ["incremental", .. var rest] => IncrementalBenchmark.Run(rest),
    ["incremental-once", var shape] => IncrementalMeasurement.Print(shape),
    ["listen"] => ListenBenchmark.Run(40),
    ["listen", var rounds] => ListenBenchmark.Run(int.Parse(rounds)),
    ["flood"] => FloodBenchmark.Run(15),
    ["flood", var rounds] => FloodBenchmark.Run(int.Parse(rounds)),
    // Run by the pods of the benchmark's cluster.
    ["send", var target, var port, var log] => Sender.Run(target, int.Parse(port), log),
    ["receive", var port, var log] => Receiver.Run(int.Parse(port), log),
    _ => Help(),
};

static int Help()
{
    Console.Error.WriteLine("""
        benchmarks: ./build.sh bench NAME [ARGS]
          enforcement [CHANGES]   from the API's acknowledgement of a policy to the first blocked packet (200 changes)
          apiserver [CHANGES WATCHES]  10,000 policies: writes, lists, 1,000 watchers (WATCHES a connection), memory
          apiserver-jit           the same of the just-in-time server (apiserver measures the native one)
          cut [CHANGES]           from a change to the last packet that it denies, among 100,000 connections
          drift [HARMS AGENT SHAPE]  from a foreign change of the table to its repair, and what came through meanwhile
                                  (root, nft; 200 harms; ./build.sh publish first)
          dataplane [SHAPE [GATES]]  a node's table in the kernel: load, memory, single changes to the ack (root, nft)
          memory [SHAPE]          what the native agent takes in a cluster (root; ./build.sh publish first)
          throughput [ROUNDS]     connections and bulk through a node: no policy, ours, others' layouts (root, iptables,
                                  ipset, nft; 40 rounds)
          start [RUNS]            from process start to exit: native, JIT, wrapper (200 runs; needs build and publish)
          compile [SHAPE …]       compile time, gates, memory and verdicts; without a shape those of the targets
          verdict [SHAPE …]       nanoseconds a verdict, by ids and by addresses
          connectivity [SHAPE …]  time and memory of what reaches what, class by class
          flood [ROUNDS]          what a denied packet costs with and without its log (15 rounds; needs root)
          listen [ROUNDS]         what it costs new connections that the agent records them (40 rounds; needs root)
          incremental [SVG]       single changes of a cluster, from a thousand pods to a million; draws how cost grows
        """);
    return 2;
}
