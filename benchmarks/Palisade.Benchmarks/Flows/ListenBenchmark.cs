using System.Globalization;
using System.Net;
using Palisade.Benchmarks.Compile;
using Palisade.Benchmarks.Throughput;
using Palisade.Dataplane.FlowLog;
using Palisade.Dataplane.Network;
using Palisade.Policy.Model;

namespace Palisade.Benchmarks.Flows;

/// <summary>
/// What it costs new connections that the agent records them: the same node and policy, with nobody that listens to
/// conntrack and with the agent's recorder, in turn.
/// </summary>
internal static class ListenBenchmark
{
    public static int Run(int rounds)
    {
        using var path = new PathUnderTest("ours", OurLayout.PeerOf(0), IPAddress.Parse("10.244.1.2"));
        using var table = new OurLayout(path, 0, 1);
        var network = NodeNetwork.Read(path.Routing);
        var (without, with) = (new List<double>(), new List<double>());
        for (var round = -1; round < rounds; round++)   // the first warms up
        {
            foreach (var listens in round % 2 == 0 ? new[] { false, true } : [true, false])
            {
                using var recorder = listens ? Listen(path, network) : null;
                var before = Environment.CpuUsage.TotalTime;
                path.MeasureConnections(keep: true);
                Thread.Sleep(200);   // what the listener has not done yet is its cost too
                var used = (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / PathUnderTest.Connections;
                if (round >= 0)
                    (listens ? with : without).Add(used);
            }
        }

        var ratios = with.Zip(without, (one, other) => one / other).Order().ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"a new connection, processor time of both ends, the way and the listener: "
            + $"{Figures.Median(without):F1} µs, recorded {Figures.Median(with):F1} µs; ratio of pairs: "
            + $"median {Figures.Median(ratios):F3}, half of them "
            + $"in {ratios[rounds / 4]:F3} to {ratios[rounds * 3 / 4]:F3}"));
        return 0;
    }

    private static FlowRecorder Listen(PathUnderTest path, NodeNetwork network)
    {
        var recorder = path.Node.Run(
            () => new FlowRecorder(new() { Node = "n1", LogGroup = 7255 }, TimeProvider.System));
        recorder.Enforced(ClusterSnapshot.Of(), network, 1, changed: true);
        while (!recorder.HearsDenials)
            Thread.Sleep(1);
        Thread.Sleep(20);   // the other thread's socket
        return recorder;
    }
}
