using Palisade.Benchmarks.Compile;
using Palisade.Benchmarks.Enforcement;

return args switch
{
    ["enforcement", .. var rest] => await EnforcementBenchmark.RunAsync(rest),
    ["compile", .. var shapes] => CompileBenchmark.Run(shapes),
    ["compile-once", var shape] => CompileMeasurement.Print(shape),
    ["connectivity-once", var shape] => ConnectivityMeasurement.Print(shape),
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
          compile [SHAPE …]       compile time, gates, memory and verdicts; without a shape those of the targets
        """);
    return 2;
}
