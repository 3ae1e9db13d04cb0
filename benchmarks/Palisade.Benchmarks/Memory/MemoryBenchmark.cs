using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Palisade.Benchmarks.Compile;
using Palisade.Manifests.Generate;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Model;

namespace Palisade.Benchmarks.Memory;

/// <summary>
/// What the native agent takes on a node of a cluster, as the kernel counts it: when it has caught up, while pods come
/// and go, and after that.
/// </summary>
internal static class MemoryBenchmark
{
    private const int Local = 100, Churned = 2000;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(string[] args)
    {
        var text = args is [var given, ..] ? given : "size:15000,2000,500";
        var program = Path.GetFullPath(args is [_, var other, ..] ? other : "artifacts/native/palisade-agent");
        if (BenchmarkShape.TryParse(text, out var why) is not { } shape || !File.Exists(program))
        {
            Console.Error.WriteLine(why.Length > 0 ? why : $"there is no {program}: ./build.sh publish makes it");
            return 2;
        }

        var cluster = Seated(shape.Generate(1));
        await using var agent = await MeasuredAgent.StartServerAsync();
        agent.Space.Run(() => Routes(cluster));
        var pods = Fill(agent, cluster);
        GC.Collect();
        var watch = Stopwatch.StartNew();
        await agent.StartAsync(program);
        Console.WriteLine($"{text}: {cluster.Endpoints.Length} pods of {pods / cluster.Endpoints.Length} bytes, "
            + $"{cluster.NetworkPolicies.Length} policies, {Local} pods of the node; in force after "
            + $"{Figures.Text(watch.Elapsed.TotalSeconds)} s, {Figures.Text(agent.Processor.TotalSeconds)} s of CPU");
        Console.WriteLine("| MiB | resident | its share (Pss) | anonymous | most so far |");
        Console.WriteLine("|---|---|---|---|---|");
        Row("at once", agent);
        await Task.Delay(Settling);
        Row($"{Settling.TotalSeconds} s later", agent);
        await ChurnAsync(agent, cluster);
        Row($"after {Churned} pods came and went", agent);
        await Task.Delay(Settling);
        Row($"{Settling.TotalSeconds} s later", agent);
        return 0;
    }

    private static void Row(string what, MeasuredAgent agent)
    {
        var (resident, share, peak, anonymous) = agent.Kilobytes();
        Console.WriteLine($"| {what} | {Mib(resident)} | {Mib(share)} | {Mib(anonymous)} | {Mib(peak)} |");
        static string Mib(double kilobytes) => (kilobytes / 1024).ToString("0.0", CultureInfo.InvariantCulture);
    }

    /// <summary>Pods of all parts of the cluster, on the node that is measured.</summary>
    public static ClusterSnapshot Seated(ClusterSnapshot cluster)
    {
        var step = Math.Max(1, cluster.Endpoints.Length / Local);
        return ClusterSnapshot.Of(
            cluster.Namespaces,
            cluster.Endpoints.Select((pod, i) => i % step == 0 ? pod with { Node = MeasuredAgent.Node } : pod),
            cluster.NetworkPolicies,
            nodes: cluster.Nodes.Append(new(
                MeasuredAgent.Node, Policy.Selectors.LabelSet.Empty,
                [Policy.Sets.Address.Parse("192.168.50.1")])));
    }

    public static void Routes(ClusterSnapshot cluster)
    {
        using var routing = new RtSocket();
        routing.CreateVeth("pods", "inside");
        routing.SetUp("pods");
        routing.SetUp("inside");
        foreach (var pod in cluster.Endpoints.Where(pod => pod.Node == MeasuredAgent.Node))
        {
            foreach (var address in pod.Addresses)
            {
                var ip = new IPAddress(address.ToBytes());
                routing.ReplaceRoute(new(new(ip, address.ToBytes().Length * 8)) { Device = "pods" });
            }
        }
    }

    /// <summary>Fills the server; gives the bytes of all pods.</summary>
    public static long Fill(MeasuredAgent agent, ClusterSnapshot cluster)
    {
        var bytes = 0L;
        foreach (var ns in RealObjects.Of(ClusterSnapshot.Of(cluster.Namespaces, nodes: cluster.Nodes)))
        {
            if (agent.Server.Store.Get("namespaces", null, (string)ns["metadata"]!["name"]!) is null)
                Put(agent, ns);
        }

        // Many at a time: each waits for the disk.
        Parallel.ForEach(
            RealObjects.Of(cluster).Where(value => value["metadata"]!["namespace"] is not null),
            new() { MaxDegreeOfParallelism = 16 },
            value => Interlocked.Add(ref bytes, Put(agent, value)));
        return bytes;
    }

    private static long Put(MeasuredAgent agent, JsonObject value)
    {
        var status = value["status"]?.DeepClone();
        var stored = agent.Server.Store.Create(value);
        if (status is null)
            return 0;
        var (kind, meta) = ((string)value["kind"]!, value["metadata"]!);
        stored = agent.Server.Store.Patch(
            kind == "Pod" ? "pods" : "nodes", (string?)meta["namespace"], (string)meta["name"]!,
            new JsonObject { ["status"] = status }, status: true);
        return kind == "Pod" ? stored.ToJsonString().Length : 0;
    }

    /// <summary>Pods that are replaced by others, as deployments do, in batches.</summary>
    private static async Task ChurnAsync(MeasuredAgent agent, ClusterSnapshot cluster)
    {
        var pods = cluster.Endpoints.Where(pod => pod.Node != MeasuredAgent.Node).Take(Churned).ToArray();
        foreach (var some in pods.Chunk(50))
        {
            foreach (var pod in some)
                agent.Server.Store.Delete("pods", pod.Namespace, pod.Name);
            var next = ClusterSnapshot.Of(endpoints: some.Select(pod => pod with { Name = $"{pod.Name}-next" }));
            foreach (var value in RealObjects.Of(next).Where(item => (string?)item["kind"] == "Pod"))
                Put(agent, value);
            await agent.EnforcedAsync("pods", agent.Server.Store.LastChange("pods"));
        }
    }
}
